"""Medicine by hand: sentences with one error each that must not pass, and as many right ones that must.

Written without a look at the word lists of the gates. What is known to pass stands below, so that it is not forgotten.
"""

from __future__ import annotations

import pytest

from factory import check_translation
from factory.translate.gates import GATES
from factory.translate.side import Side

WRONG = [
    ("Take one tablet every 8 hours.", "Tome un comprimido cada 6 horas."),
    ("Take one tablet every 8 hours.", "Tome un comprimido 8 veces."),
    ("Do not exceed 4 g of paracetamol per day.", "Puede superar los 4 g de paracetamol al día."),
    ("The recommended dose is 0.5 mg/kg.", "La dosis recomendada es de 0,5 mg."),
    ("The recommended dose is 0.5 mg/kg.", "La dosis recomendada es de 5 mg/kg."),
    ("It is contraindicated in pregnancy and breastfeeding.", "Está contraindicado en el embarazo."),
    ("It is contraindicated in pregnancy.", "Está indicado en el embarazo."),
    (
        "Patients older than 65 years need a lower dose.",
        "Los pacientes menores de 65 años necesitan una dosis más baja.",
    ),
    (
        "Patients older than 65 years need a lower dose.",
        "Los pacientes mayores de 65 años necesitan una dosis más alta.",
    ),
    ("Pain in the left arm may be a sign of infarction.", "El dolor en el brazo derecho puede ser signo de infarto."),
    ("Give 10 mg of morphine and 4 mg of ondansetron.", "Administre 4 mg de morfina y 10 mg de ondansetrón."),
    ("Use it before meals.", "Úselo después de las comidas."),
    ("At least 3 doses are needed.", "Como máximo se necesitan 3 dosis."),
    ("Up to 6 tablets may be taken a day.", "Deben tomarse al menos 6 comprimidos al día."),
    ("The risk increased by 20%.", "El riesgo disminuyó un 20 %."),
    ("Blood pressure fell to 90/60 mmHg.", "La presión arterial subió a 90/60 mmHg."),
    (
        "Warfarin interacts with St John's wort; do not combine them.",
        "La warfarina interacciona con el hipérico; combínelos.",
    ),
    ("Store below 25 °C.", "Conservar por encima de 25 °C."),
    ("The drug was not effective in children.", "El fármaco fue eficaz en niños."),
    ("There is no evidence that valerian cures insomnia.", "Hay pruebas de que la valeriana cura el insomnio."),
    (
        "Chamomile may cause allergic reactions in rare cases.",
        "La manzanilla puede causar reacciones alérgicas en casos frecuentes.",
    ),
    ("Treatment lasts 7 to 10 days.", "El tratamiento dura de 7 a 10 semanas."),
    (
        "The infusion is prepared with 2 g of leaves in 150 ml of water.",
        "La infusión se prepara con 2 g de hojas en 150 l de agua.",
    ),
    ("Adults: 500 mg. Children: 250 mg.", "Adultos: 500 mg. Niños: 500 mg."),
    ("One in 1,000 patients has a reaction.", "Uno de cada 100 pacientes tiene una reacción."),
    ("Most patients improved within two weeks.", "Pocos pacientes mejoraron en dos semanas."),
    ("The result was positive for hepatitis B.", "El resultado fue negativo para la hepatitis B."),
    ("The patient has hypotension.", "El paciente tiene hipertensión."),
    ("Hyperkalaemia was found.", "Se encontró hipopotasemia."),
    ("Avoid grapefruit juice during treatment.", "Tome zumo de pomelo durante el tratamiento."),
    ("You should stop taking the drug if you get a rash.", "Debe seguir tomando el fármaco si le sale un sarpullido."),
    ("Children under 2 years should never take honey.", "Los niños menores de 2 años deben tomar miel."),
    ("Unless your doctor tells you otherwise, take it with food.", "Tómelo con comida."),
    ("Take it with food. Do not drive after taking it.", "Tómelo con comida."),
    (
        "The study found 12.5% mortality in group A and 8.3% in group B.",
        "El estudio halló una mortalidad del 8,3 % en el grupo A y del 12,5 % en el grupo B.",
    ),
    ("Give the vaccine intramuscularly.", "Administre la vacuna por vía intravenosa."),
    ("Apply the cream to intact skin only.", "Aplique la crema solo sobre la piel dañada."),
    ("The dose is 1,500 mg daily.", "La dosis es de 1,5 mg al día."),
    ("Normal glucose is 70-100 mg/dL.", "La glucosa normal es de 70-110 mg/dl."),
    ("Insulin 10 units", "Insulina 100 unidades"),
    ("Fever above 38.5 °C requires attention.", "La fiebre por encima de 35,8 °C requiere atención."),
    ("It may be taken for no more than 4 weeks.", "Debe tomarse durante más de 4 semanas."),
    ("Neither aspirin nor ibuprofen should be given.", "Debe darse aspirina o ibuprofeno."),
    ("The tumour was benign.", "El tumor era maligno."),
    ("Drink plenty of water.", "Beba poca agua."),
    ("He denied chest pain.", "Refirió dolor torácico."),
    ("She is unable to swallow.", "Puede tragar."),
    ("The patient was discharged without antibiotics.", "El paciente fue dado de alta con antibióticos."),
    ("Use sterile gloves.", "Use guantes no estériles."),
    ("Ginger tea is safe in pregnancy.", "La infusión de jengibre no es segura en el embarazo."),
    ("Take with a full glass of water", "Tome sin agua"),
    ("Serum sodium was 128 mmol/L.", "El sodio sérico fue de 128 mg/l."),
    ("The child weighs 12 kg.", "El niño pesa 12 libras."),
    ("The interval was 6 months.", "El intervalo fue de 6 años."),
    ("less than 5 mg", "más de 5 mg"),
    ("P < 0.05", "P > 0,05"),
]
# No gate sees these yet.
PASSES = [
    ("Take 2 capsules in the morning and 1 at night.", "Tome 1 cápsula por la mañana y 2 por la noche."),
    ("Half of the patients recovered.", "Todos los pacientes se recuperaron."),
    (
        "Wash the wound with water and soap and cover it with a clean cloth.",
        "Lave la herida con agua y cúbrala con un paño limpio.",
    ),
    ("Twice daily for 3 days", "Tres veces al día durante 2 días"),
]
RIGHT = [
    ("Take one tablet every 8 hours.", "Tome un comprimido cada 8 horas."),
    ("Do not exceed 4 g of paracetamol per day.", "No supere los 4 g de paracetamol al día."),
    (
        "The recommended dose is 0.5 mg/kg/day, divided into two doses.",
        "La dosis recomendada es de 0,5 mg/kg/día, repartida en dos tomas.",
    ),
    (
        "It is contraindicated in pregnancy and breastfeeding.",
        "Está contraindicado durante el embarazo y la lactancia.",
    ),
    (
        "Patients older than 65 years may need a lower dose.",
        "Los pacientes mayores de 65 años pueden necesitar una dosis menor.",
    ),
    ("There is no evidence that valerian cures insomnia.", "No hay pruebas de que la valeriana cure el insomnio."),
    ("Chamomile rarely causes allergic reactions.", "La manzanilla rara vez causa reacciones alérgicas."),
    ("Avoid grapefruit juice during treatment.", "Evite el zumo de pomelo durante el tratamiento."),
    ("Avoid grapefruit juice during treatment.", "No tome jugo de toronja durante el tratamiento."),
    (
        "Children under 2 years of age should never be given honey.",
        "Nunca se debe dar miel a los niños menores de 2 años.",
    ),
    (
        "Unless your doctor tells you otherwise, take it with food.",
        "A menos que su médico le indique lo contrario, tómelo con comida.",
    ),
    ("Keep out of the reach of children.", "Manténgase fuera del alcance de los niños."),
    ("Store below 25 °C in the original package.", "Conservar por debajo de 25 °C en el envase original."),
    ("Twenty-four patients (48%) were women.", "Veinticuatro pacientes (48 %) eran mujeres."),
    ("The p value was less than 0.001.", "El valor de p fue inferior a 0,001."),
    (
        "Steep 1 teaspoon of dried flowers in a cup of boiling water for 10 minutes.",
        "Deje reposar 1 cucharadita de flores secas en una taza de agua hirviendo durante 10 minutos.",
    ),
    (
        "The infusion is drunk three times a day, half an hour before meals.",
        "La infusión se bebe tres veces al día, media hora antes de las comidas.",
    ),
    (
        "Stop taking the drug and see a doctor if you get a rash.",
        "Deje de tomar el medicamento y acuda al médico si le aparece una erupción.",
    ),
    ("The abdomen was soft and non-tender.", "El abdomen era blando y no doloroso."),
    ("No known drug allergies.", "Sin alergias medicamentosas conocidas."),
    ("She had a 3-day history of fever.", "Presentaba fiebre de 3 días de evolución."),
    ("A 45-year-old man was admitted with abdominal pain.", "Un varón de 45 años ingresó por dolor abdominal."),
    (
        "Blood pressure was 120/80 mmHg and heart rate was 72 bpm.",
        "La presión arterial era de 120/80 mmHg y la frecuencia cardíaca de 72 lpm.",
    ),
    ("The odds ratio was 1.45 (95% CI, 1.12-1.88).", "La razón de momios fue de 1,45 (IC 95 %: 1,12-1,88)."),
    ("The effect was not statistically significant.", "El efecto no fue estadísticamente significativo."),
    ("The treatment is ineffective against viruses.", "El tratamiento no es eficaz contra los virus."),
    ("The cause of the disease is unknown.", "Se desconoce la causa de la enfermedad."),
    (
        "About one third of patients relapse within 5 years.",
        "Alrededor de un tercio de los pacientes recae en un plazo de 5 años.",
    ),
    (
        "In the 19th century, willow bark was used for fever.",
        "En el siglo XIX se usaba la corteza de sauce para la fiebre.",
    ),
    ("Type 2 diabetes mellitus", "Diabetes mellitus de tipo 2"),
    ("Stage III disease", "Enfermedad en estadio III"),
    ("It costs 1,200 euros a year.", "Cuesta 1200 euros al año."),
    ("It lacks side effects.", "Carece de efectos secundarios."),
    (
        "Garlic supplements should be discontinued at least 7 days before surgery.",
        "Los suplementos de ajo deben suspenderse al menos 7 días antes de la cirugía.",
    ),
    (
        "St John's wort reduces the effect of oral contraceptives.",
        "El hipérico reduce el efecto de los anticonceptivos orales.",
    ),
    (
        "Peppermint oil must not be given to children under two years of age.",
        "El aceite de menta no debe administrarse a menores de dos años.",
    ),
    (
        "Traditionally used to relieve mild digestive discomfort.",
        "Usado tradicionalmente para aliviar molestias digestivas leves.",
    ),
    (
        "If symptoms persist for more than 2 weeks, consult a doctor.",
        "Si los síntomas persisten más de 2 semanas, consulte a un médico.",
    ),
    (
        "Not recommended for children under 12 years due to lack of data.",
        "No se recomienda en niños menores de 12 años por falta de datos.",
    ),
    ("The vaccine is given as a single 0.5 mL dose.", "La vacuna se administra en una dosis única de 0,5 ml."),
    ("Wash your hands often.", "Lávese las manos con frecuencia."),
    ("What are the symptoms of anemia?", "¿Cuáles son los síntomas de la anemia?"),
    ("Fewer than 1 in 10,000 people are affected.", "Menos de 1 de cada 10 000 personas se ve afectada."),
    ("Do not use if the seal is broken.", "No usar si el precinto está roto."),
    (
        "The drug should be used with caution in renal impairment.",
        "El fármaco debe usarse con precaución en caso de insuficiencia renal.",
    ),
    ("Onset of action occurs within 30-60 minutes.", "El inicio de acción se produce en 30-60 minutos."),
    ("Nausea, vomiting and diarrhoea are common.", "Son frecuentes las náuseas, los vómitos y la diarrea."),
    ("Half-life is approximately 2 hours.", "La semivida es de aproximadamente 2 horas."),
    ("Mix 1/2 cup of oats with water.", "Mezcle media taza de avena con agua."),
    ("The patient was afebrile and hemodynamically stable.", "El paciente estaba afebril y hemodinámicamente estable."),
    ("Neither drug was superior to placebo.", "Ninguno de los dos fármacos fue superior al placebo."),
    ("Only 2 of 40 patients did not respond.", "Solo 2 de los 40 pacientes no respondieron."),
    ("The maximum daily dose is 2,400 mg.", "La dosis máxima diaria es de 2.400 mg."),
    ("Sodium bicarbonate 8.4%", "Bicarbonato de sodio al 8,4 %"),
    ("Call 911 immediately.", "Llame al 911 de inmediato."),
    ("Vitamin D3, 800 IU once daily", "Vitamina D3, 800 UI una vez al día"),
    ("It was first described in 1987.", "Fue descrita por primera vez en 1987."),
    ("The wound healed without complications.", "La herida cicatrizó sin complicaciones."),
    (
        "Turmeric may increase the risk of bleeding in people who take anticoagulants.",
        "La cúrcuma puede aumentar el riesgo de hemorragia en personas que toman anticoagulantes.",
    ),
]


@pytest.mark.parametrize(("english", "spanish"), WRONG)
def test_a_wrong_instruction_does_not_pass(english: str, spanish: str) -> None:
    """A dose, a bound, a side, a route, an order or a denial that changed fails some gate."""
    assert check_translation(english, spanish) != []


@pytest.mark.parametrize(("english", "spanish"), RIGHT)
def test_a_right_one_passes(english: str, spanish: str) -> None:
    """Leaflets, reports and herbals as people translate them."""
    assert check_translation(english, spanish) == []


@pytest.mark.parametrize(("english", "spanish"), PASSES)
def test_what_is_known_to_pass(english: str, spanish: str) -> None:
    """Told in docs/gates.md; a gate that learns one of these moves it up."""
    assert check_translation(english, spanish) == []


@pytest.mark.parametrize(
    ("english", "spanish", "wrong"),
    [
        ("No more than 4 tablets.", "Más de 4 comprimidos.", True),
        ("No more than 4 tablets.", "Como máximo 4 comprimidos.", False),
        ("No more than 4 tablets.", "No más de 4 comprimidos.", False),
        ("Do not take more than 4 tablets.", "No tome más de 4 comprimidos.", False),
        ("Do not take more than 4 tablets.", "Tome más de 4 comprimidos.", True),
        ("Don't take less than 4 tablets.", "No tome menos de 4 comprimidos.", False),
        ("You should never take more than 4 tablets.", "Nunca debe tomar más de 4 comprimidos.", False),
        ("It must not exceed 4 tablets.", "No debe superar los 4 comprimidos.", False),
        ("At least 4 tablets.", "Por lo menos 4 comprimidos.", False),
        ("At least 4 tablets.", "Hasta 4 comprimidos.", True),
        ("Values > 5 and < 9.", "Valores > 5 y < 9.", False),
        ("Values > 5.", "Valores < 5.", True),
        ("Values above 5.", "Valores superiores a 5.", False),
        ("Take it before meals.", "Tómelo antes de las comidas.", False),
        ("Take it after meals.", "Tómelo tras las comidas.", False),
        ("Take it after meals.", "Tómelo antes de las comidas.", True),
        ("He left the hospital.", "Salió del hospital.", False),
        ("The left lung and the right lung.", "El pulmón derecho y el izquierdo.", False),
        ("Avoid alcohol.", "Absténgase de beber alcohol.", False),
        ("Avoid alcohol.", "Beba alcohol.", True),
        ("The patient denied fever.", "La paciente refería fiebre.", True),
        ("High blood pressure", "Hipertensión", False),
        ("Hypoglycaemia", "Hiperglucemia", True),
        ("Hypoglycaemia and hyperkalaemia", "Hipoglucemia e hiperpotasemia", False),
        ("Oral route", "Vía rectal", True),
        ("By mouth", "Por vía oral", False),
        ("Intravenous fluids", "Líquidos por vía intravenosa", False),
        ("Most patients improved.", "La mayoría de los pacientes mejoró.", False),
        ("For a few days", "Durante algunos días", False),
        ("Use hot water.", "Use agua fría.", True),
    ],
)
def test_directions(english: str, spanish: str, wrong: bool) -> None:
    """Bounds, times, sides, routes: both directions of each."""
    assert (GATES["direction"](Side(english, "en"), Side(spanish, "es")) is not None) is wrong


@pytest.mark.parametrize(
    ("english", "spanish", "wrong"),
    [
        (
            "Give 10 mg of morphine and 4 mg of ondansetron.",
            "Administre 10 mg de morfina y 4 mg de ondansetrón.",
            False,
        ),
        ("Give 10 mg of morphine and 4 mg of ondansetron.", "Administre 4 mg de morfina y 10 mg de ondansetrón.", True),
        ("On March 5, 12 patients died.", "Doce pacientes murieron el 5 de marzo.", False),
        ("It was 12.5% in A and 8.3% in B.", "Fue del 8,3 % en A y del 12,5 % en B.", True),
        ("From 5 to 10 mg", "De 5 a 10 mg", False),
    ],
)
def test_doses_keep_their_order(english: str, spanish: str, wrong: bool) -> None:
    """Two measures of one unit that changed places are two wrong doses."""
    assert (GATES["numbers"](Side(english, "en"), Side(spanish, "es")) is not None) is wrong
