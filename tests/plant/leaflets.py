"""Generate Spanish leaflets in pairs: an original and a copy with a medical or a harmless change."""

from __future__ import annotations

import random
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

# --------------------------------------------------------------------------- vocabulary
# name | group | indication pool entries (;) | strengths in mg | organ
DRUGS = """
Paracetamol|un analgésico y antipirético|el dolor leve o moderado;la fiebre;la cefalea tensional|325,500,650,1.000
Ibuprofeno|un antiinflamatorio no esteroideo|la dismenorrea primaria;la artrosis;el dolor dental|200,400,600
Amoxicilina|un antibiótico betalactámico|la otitis media aguda;la faringoamigdalitis estreptocócica|250,500,750,1.000
Metformina|un hipoglucemiante del grupo de las biguanidas|la diabetes mellitus tipo 2;la prediabetes|500,850,1.000
Enalapril|un inhibidor de la enzima convertidora|la hipertensión arterial;la disfunción ventricular|2,5,5,10,20
Losartán|un antagonista de la angiotensina II|la nefropatía diabética;la hipertensión esencial|12,25,50,100
Omeprazol|un inhibidor de la bomba de protones|la úlcera duodenal;la esofagitis por reflujo|10,20,40
Atorvastatina|una estatina|la hipercolesterolemia;la dislipemia mixta|10,20,40,80
Sertralina|un inhibidor de la recaptación de serotonina|el trastorno de pánico;la depresión mayor|25,50,100
Carbamazepina|un antiepiléptico|la neuralgia del trigémino;las crisis focales|100,200,400
Levotiroxina|una hormona tiroidea sintética|el hipotiroidismo;el bocio eutiroideo|25,50,75,100
Furosemida|un diurético del asa|el edema de origen cardíaco;la ascitis|20,40,80
Digoxina|un glucósido cardíaco|la fibrilación auricular;la insuficiencia cardíaca congestiva|62,125,250
Aciclovir|un antivírico|el herpes zóster;la varicela;el herpes genital|200,400,800
Fluconazol|un antifúngico triazólico|la candidiasis vaginal;la criptococosis|50,100,150,200
Metronidazol|un antiprotozoario nitroimidazólico|la tricomoniasis;la giardiasis;la amebiasis|125,250,500
Albendazol|un antihelmíntico|la ascariasis;la hidatidosis;la neurocisticercosis|200,400
Prednisona|un corticosteroide sistémico|las exacerbaciones del asma;la polimialgia reumática|5,10,30
Warfarina|un anticoagulante cumarínico|la trombosis venosa profunda;la embolia pulmonar|1,2,5,10
Alopurinol|un inhibidor de la xantina oxidasa|la gota crónica;la hiperuricemia|100,300
Isoniazida|un antituberculoso|la tuberculosis pulmonar;la infección tuberculosa latente|100,150,300
Litio carbonato|un estabilizador del ánimo|el trastorno bipolar;los episodios maníacos|300,400
Loratadina|un antihistamínico de segunda generación|la rinitis alérgica;la urticaria crónica|5,10
Salbutamol|un broncodilatador agonista beta 2|el broncoespasmo;el asma de esfuerzo|2,4
Tramadol|un analgésico opioide|el dolor oncológico;el dolor posoperatorio|50,100,150
Clonazepam|una benzodiazepina|las ausencias;el mioclono;la crisis de angustia|2,5,10
Hidroxicloroquina|un antipalúdico|el lupus eritematoso;la artritis reumatoide|155,200,400
Nitrofurantoína|un antiséptico urinario|la cistitis no complicada;la profilaxis urinaria|50,100
Sulfato ferroso|un antianémico|la anemia ferropénica;la ferropenia gestacional|105,256,325
Ácido fólico|una vitamina del grupo B|la anemia megaloblástica;la prevención de defectos del tubo neural|4,5,10
Ivermectina|un antiparasitario|la escabiosis;la oncocercosis;la estrongiloidosis|3,6,12
Domperidona|un procinético|las náuseas;la dispepsia funcional|5,10
Levodopa con carbidopa|un antiparkinsoniano|la enfermedad de Parkinson;el parkinsonismo|100,250
Espironolactona|un antagonista de la aldosterona|el hiperaldosteronismo;la cirrosis con edema|25,50,100
Colchicina|un antigotoso|el ataque agudo de gota;la fiebre mediterránea familiar|1,2
Azitromicina|un macrólido|la neumonía adquirida en la comunidad;la uretritis|250,500
Amlodipino|un antagonista del calcio|la angina estable;la angina vasoespástica|5,10
Gabapentina|un antiepiléptico gabaérgico|la neuropatía diabética;la neuralgia posherpética|100,300,600
"""
# common | latin | part | uses | constituents
PLANTS = """
Manzanilla|Matricaria chamomilla|los capítulos florales|los espasmos digestivos;la flatulencia|aceite esencial
Valeriana|Valeriana officinalis|la raíz y el rizoma|el insomnio leve;el nerviosismo|ácidos sesquiterpénicos
Boldo|Peumus boldus|la hoja|las molestias biliares;la digestión lenta|boldina
Cola de caballo|Equisetum arvense|el tallo estéril|la retención de líquidos;las molestias urinarias|sílice
Espino blanco|Crataegus monogyna|la sumidad florida|las palpitaciones;la ansiedad leve|procianidinas
Hipérico|Hypericum perforatum|la sumidad aérea|los estados depresivos leves;el decaimiento|hiperforina
Tomillo|Thymus vulgaris|la hoja y la flor|la tos productiva;el catarro bronquial|timol
Regaliz|Glycyrrhiza glabra|la raíz descortezada|la gastritis;la tos irritativa|glicirricina
Sen|Senna alexandrina|el folíolo|el estreñimiento ocasional;la limpieza intestinal|senósidos
Caléndula|Calendula officinalis|la lígula|las inflamaciones de la piel;las heridas superficiales|saponósidos
Árnica|Arnica montana|el capítulo|las contusiones;los hematomas|helenalina
Diente de león|Taraxacum officinale|la raíz con hoja|la inapetencia;los trastornos hepatobiliares|taraxina
Equinácea|Echinacea purpurea|la planta florida|el resfriado común;las infecciones respiratorias leves|ácido cicórico
Ginkgo|Ginkgo biloba|la hoja desecada|el deterioro cognitivo leve;la pesadez de piernas|ginkgólidos
Gayuba|Arctostaphylos uva-ursi|la hoja coriácea|la cistitis recurrente leve;el escozor al orinar|arbutina
Jengibre|Zingiber officinale|el rizoma|el mareo del viajero;las náuseas del movimiento|gingeroles
Llantén|Plantago lanceolata|la hoja lanceolada|la irritación faríngea;la tos seca|aucubina
Melisa|Melissa officinalis|la hoja fresca|el cólico leve;la tensión nerviosa|ácido rosmarínico
Menta|Mentha piperita|la hoja entera|el colon irritable;el meteorismo|mentol
Ortiga|Urtica dioica|la parte aérea|los dolores articulares;la seborrea|flavonoides
Pasiflora|Passiflora incarnata|la parte aérea florida|el sueño inquieto;la irritabilidad|vitexina
Romero|Rosmarinus officinalis|la hoja acicular|la dispepsia;la mala circulación periférica|ácido carnósico
Ruda|Ruta graveolens|la rama tierna|las varices;los cólicos menstruales|rutina
Salvia|Salvia officinalis|la hoja vellosa|la sudoración excesiva;las aftas|tuyona
Sauce blanco|Salix alba|la corteza|el lumbago;la cefalea leve|salicina
Uña de gato|Uncaria tomentosa|la corteza interna|la artrosis de rodilla;el reumatismo|alcaloides oxindólicos
Maca|Lepidium meyenii|el hipocótilo|la fatiga;la astenia primaveral|macamidas
Epazote|Dysphania ambrosioides|la hoja con semilla|las lombrices;la diarrea leve|ascaridol
Guayaba|Psidium guajava|la hoja madura|la diarrea infantil;la gingivitis|quercetina
Muña|Minthostachys mollis|la rama florida|el mal de altura;los gases|pulegona
Zarzaparrilla|Smilax aspera|la raíz larga|la psoriasis leve;el ácido úrico elevado|sarsapogenina
Fucus|Fucus vesiculosus|el talo|el sobrepeso;el estreñimiento pertinaz|yodo
Harpagofito|Harpagophytum procumbens|el tubérculo secundario|la tendinitis;el dolor lumbar|harpagósido
"""
POOLS: dict[str, str] = {
    "enf": "insuficiencia hepática grave;úlcera péptica activa;miastenia grave;glaucoma de ángulo cerrado;"
    "porfiria aguda;"
    "asma bronquial;epilepsia;hipertensión no controlada;cardiopatía isquémica;feocromocitoma;anemia hemolítica;"
    "obstrucción intestinal;cálculos biliares;hipotiroidismo;diabetes;alcoholismo crónico;enfermedad de Crohn;"
    "psoriasis;"
    "déficit de glucosa-6-fosfato-deshidrogenasa;hiperplasia prostática;apnea del sueño;trombocitopenia;hemofilia;"
    "antecedentes de ictus;arritmias ventriculares;colitis ulcerosa;hiperpotasemia;fenilcetonuria;pancreatitis",
    "sint": "fiebre alta;vómitos repetidos;sangre en las heces;visión borrosa;dolor torácico;confusión;palpitaciones;"
    "dificultad para respirar;hinchazón de la cara;orina oscura;ictericia;erupción cutánea;desmayo;convulsiones;"
    "debilidad muscular;zumbido de oídos;diarrea acuosa;moratones espontáneos;dolor de garganta;rigidez de nuca",
    "farm": "warfarina;acenocumarol;digoxina;litio;metotrexato;fenitoína;ciclosporina;rifampicina;ketoconazol;"
    "teofilina;"
    "claritromicina;diazepam;insulina glargina;prednisolona;clopidogrel;heparina;fluoxetina;ritonavir;tacrolimus;"
    "amiodarona;simvastatina;verapamilo;probenecid;antiácidos con aluminio;sales de hierro;anticonceptivos orales;"
    "espironolactona;ácido acetilsalicílico;morfina;haloperidol;levodopa;colestiramina;sumatriptán;doxorrubicina",
    "ra": "náuseas;cefalea;mareo;somnolencia;sequedad de boca;estreñimiento;dispepsia;prurito;urticaria;"
    "insomnio;temblor;"
    "edema periférico;hipotensión ortostática;astenia;parestesias;alopecia;fotosensibilidad;neutropenia;hepatitis;"
    "pancreatitis aguda;síndrome de Stevens-Johnson;angioedema;taquicardia;artralgia;disgeusia;anorexia;eosinofilia;"
    "hiponatremia;calambres;sofocos;tos seca;ginecomastia;trombocitopenia;nefritis intersticial;pirosis;acúfenos",
    "exc": "lactosa monohidrato;almidón de maíz;celulosa microcristalina;estearato de magnesio;povidona;talco;sacarina;"
    "dióxido de titanio;croscarmelosa;gelatina;hipromelosa;sorbitol;sílice coloidal;aspartamo;goma arábiga;"
    "crospovidona;"
    "aroma de naranja;benzoato sódico;macrogol;óxido de hierro amarillo;glicerol;ácido cítrico;parahidroxibenzoatos",
    "prof": "médico;farmacéutico;especialista;pediatra;nefrólogo;facultativo;médico de cabecera;endocrinólogo",
    "n": "dos;tres;cuatro;cinco;seis",
    "nn": "siete;ocho;diez;doce",
    "f": "una vez;dos veces;tres veces;cuatro veces",
    "ed": "6;8;10;12;14;15;16;18",
    "pc": "2;3;4;5;6;8;10;12;15;20;25;30;40;60;70",
    "h": "4;6;8;12;24",
    "ing": "agua;zumo de manzana;leche tibia;yogur;caldo;puré de fruta",
    "liq": "agua hirviendo;agua filtrada;agua recién hervida;agua mineral",
}
FORMS = (
    ("comprimido", "comprimidos", "un", "medio"),
    ("tableta", "tabletas", "una", "media"),
    ("cápsula", "cápsulas", "una", "media"),
    ("sobre", "sobres", "un", "medio"),
    ("gragea", "grageas", "una", "media"),
    ("pastilla", "pastillas", "una", "media"),
)
BRAND_A = [
    "Dol",
    "Far",
    "Neu",
    "Card",
    "Gast",
    "Bron",
    "Ven",
    "Ox",
    "Lum",
    "Ther",
    "Zin",
    "Mel",
    "Rin",
    "Sal",
    "Vit",
    "Cor",
    "Pul",
    "Nef",
    "Der",
    "Ast",
]
BRAND_B = [
    "orex",
    "atén",
    "obis",
    "ifar",
    "ulax",
    "itrán",
    "adel",
    "omina",
    "exol",
    "aprim",
    "util",
    "anox",
    "elia",
    "ivax",
    "otal",
    "erina",
]
LABS = [
    "Cinfarán",
    "Normonal",
    "Sandovial",
    "Andrómina",
    "Bagolux",
    "Kernovia",
    "Stadamed",
    "Lafrance",
    "Medifarm",
    "Roemmel",
]
CITIES = [
    "Madrid",
    "Bogotá",
    "Lima",
    "Sevilla",
    "Quito",
    "Valencia",
    "Guadalajara",
    "Montevideo",
    "Zaragoza",
    "Rosario",
    "Caracas",
    "Bilbao",
]
MONTHS = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]

# --------------------------------------------------------------------------- grammar: "* " starts a sentence
G: dict[str, str] = {}
G["comp"] = """
* Cada {forma} contiene {d} de [{pa}|principio activo|la sustancia activa], [equivalentes a|que corresponden a] {d2}
  de base.
* [Los demás componentes|Los excipientes|El resto de ingredientes] son {exc}, {exc}, {exc} y {exc}.
* Excipientes [con efecto conocido|de declaración obligatoria]: {exc} ([12|35|48|72,5|110] mg) y {exc}
  ([0,5|1,5|2,25|3] mg).
* [Lleva|Incorpora|Incluye] un {pc} % de {exc} [como diluyente|en la cubierta|para facilitar la deglución].
* [Envase|Caja|Estuche] con [10|14|20|28|30|56] {formas} en blíster de [aluminio|PVC|doble cara].
* La solución oral [aporta|contiene] [20|40|50|100] mg por cada [5|10|15] ml y un [1,5|2,5|4,8] % de alcohol.
* [Contiene|Aporta] [0,3|1,2|2,8] mmol de sodio por {forma}, [dato a tener en cuenta|importante] en dietas
  hiposódicas.
* {Los} {formas} [tienen ranura|llevan una muesca] y [se parten en mitades|pueden fraccionarse] [con facilidad|a
  mano].
"""
G["ind"] = """
* {X} es {grupo} [indicado|autorizado|empleado] [en|para tratar] {ind1} y {ind2}.
* [Pertenece a|Forma parte de] una familia de medicinas [cuyo efecto empieza|que actúan] a los {min} minutos y
  [dura|persiste] unas {h} horas.
* [También se usa|Se emplea además] en {ind2} cuando [otras medidas|la dieta y el ejercicio|los tratamientos
  previos] no
  [bastan|han dado resultado].
* En [los ensayos|estudios controlados] mejoró el {pc} % de los [pacientes|enfermos] [tratados|que completaron] {n}
  [semanas|meses].
* [Se reserva|Queda reservado] [para adultos|a mayores de {ed} años] con {ind1} [confirmada|documentada] por [su|un]
  {prof}.
* Se [dispensa|vende] [con receta|sin receta] en [farmacias|oficinas de farmacia].
* [Los primeros resultados|Las mejorías] [se notan|aparecen] entre [2|3|4] y [5|6|8] [días|semanas] después de
  [iniciar|comenzar] la medicación.
* [No debe|No puede] [emplearse|usarse] para {sint} [ni para|ni frente a] {sint} de causa desconocida.
"""
G["adult"] = """
* [Adultos|Adultos y adolescentes|Mayores de {ed} años]: {d} cada {h} horas, [hasta|con] un máximo de [2|3|4|1,5] g
  al día.
* La dosis [habitual|inicial|de mantenimiento] es de [{n} {formas}|{un} {forma}|{medio} {forma}] {f} al día
  [después de las comidas|antes del desayuno|antes de acostarse|con la cena].
* [Empiece|Se comienza] con {medio} {forma} y [aumente|suba] a {n} {formas} [a los|pasados] {nn} días según
  [tolerancia|respuesta].
* [En casos graves|Si la respuesta es pobre], el {prof} [puede|podrá] [aumentar|elevar] la dosis hasta {d} {f} al día.
* El intervalo entre tomas debe ser superior a {h} horas.
* [La duración|El tratamiento] [será|es] de [5-7|7-10|3-5|10-14|2-4] días, [prorrogable|ampliable] a {n} semanas.
* [Tomará, como máximo,|Nunca supere|No debe exceder] {nn} {formas} [en 24 horas|por jornada].
* Si pesa más de [50|60|70|80] kg, [la pauta|el esquema] es de [10|15|20|7,5] mg/kg al día en {n} tomas.
* [Dosis de carga|Primera dosis]: [½|1/2|1 ½] {forma}; [luego|después], {d} cada {h} horas durante {nn} días.
* [La inyección|La vía subcutánea] requiere [1.000|5.000|400|800|20|40] UI cada {h} horas [en el abdomen|en el muslo].
* [Para {ind1}|En {ind1}]: {d} {f} a la semana, [lejos de|separado de] las comidas.
* [La forma en gotas|El colirio] se [dosifica|administra] a razón de [2-4|10-15|20-30|1-2] gotas {f} al día.
"""
G["child"] = """
* [Niños|Población pediátrica] de [2|3|4|6] a [8|10|12|14] años: [5|7,5|10|15|20] mg/kg cada {h} horas.
* [Lactantes|Bebés]: [0,5|1,5|2,5|1,25] ml {f} al día, [medidos|calculados] con la jeringa dosificadora.
* [No debe administrarse|No se recomienda|Contraindicado] en menores de {ed} [años|meses] salvo [criterio|orden] del
  {prof}.
* [En niños de|Con un peso de] entre [10|12|15] y [20|25|30] kg [se dan|bastan] [60|120|125|160|250] mg {f} al día.
* [Dosis máxima pediátrica|Tope infantil]: [40|60|75|90] mg/kg/día, sin [superar|rebasar] [1|1,5|2] g.
* Por debajo de {ed} años [reduzca la dosis a la mitad|dé la mitad de la dosis adulta|se usa {medio} {forma}].
* [Jarabe infantil|Suspensión]: {n} cucharaditas {f} al día si [supera|tiene más de] [3|4|5|7] años.
* Los niños [deben tomarlo|pueden recibirlo] en gotas: [2|3] gotas por kg, [máximo|como máximo] [30|40|60] gotas al
  día.
"""
G["old"] = """
* [Ancianos|Edad avanzada|Mayores de 65 años]: [se aconseja empezar|iniciar] con la mitad de la dosis y
  [vigilar|controlar]
  {sint}.
* [A partir de los|En mayores de] [65|70|75] años no se recomienda [pasar de|superar] {d} al día.
* En [personas frágiles|pacientes de edad], {medio} {forma} {f} al día [puede|debe] ser suficiente.
* [El aclaramiento|La eliminación] [disminuye|cae] un {pc} % en [octogenarios|la vejez], [por lo que|y por eso] se
  espacian
  las tomas cada {h} horas.
* [No precisa|No es necesario] ajuste por [edad|senectud] si la función renal es normal.
"""
G["renal"] = """
* [Insuficiencia renal|Daño renal]: con aclaramiento [inferior a|<] [10|15|30|50|60] ml/min, {d} cada {h} horas.
* Si el filtrado [está|se halla] entre [10|15|30] y [45|50|60] ml/min, [administre|dé] el {pc} % de la dosis.
* [En diálisis|Hemodiálisis]: {un} {forma} [después de cada sesión|antes de cada sesión], {n} veces por semana.
* [Insuficiencia hepática|Fallo hepático] Child-Pugh [A|B|C]: [reducir a la mitad|no superar {d} diarios].
* Debe [medirse|determinarse] la creatinina cada {n} [semanas|meses]; [suspenda|retire] si es superior a [1,5|2,5|3]
  mg/dl.
* Con potasio [> 5,5|≥ 5,5|> 6] mmol/l [nunca se iniciará|no debe comenzar] [la terapia|la pauta].
"""
G["admin"] = """
* [Trague|Ingiera] {los} {formas} sin masticar con [100|150|200|250] ml de {ing}.
* [Disuelva|Diluya] {un} {forma} en [medio vaso|50 ml|100 ml] de {ing} y [bébalo|tómelo] antes de [10|15|30] minutos.
* [Puede triturarlo|Se puede abrir] y [mezclar|tomar] con {ing} [si le cuesta tragar|en caso de disfagia].
* [Agite|Invierta] el frasco {n} veces [antes de cada uso|antes de cada toma]; [mida|cargue] [2,5|5|7,5] ml.
* Si [olvidó|se salta] una toma, nunca [duplique|doble] la siguiente; [espere|aguarde] {h} horas.
* [Aplíquese|Extienda] [una capa fina|1/2 gramo|2 g] de la crema al [1|2|5] % {f} al día sobre la piel [limpia|seca].
* [Inyecte|Administre] [lentamente|en bolo] durante [2-3|3-5|5-10] minutos; [la infusión|el goteo] dura [30|60|90]
  minutos.
* [Reconstituya|Prepare] el vial con [4,5|9,5|1,8] ml de suero al 0,9 % y [use|emplee] antes de {h} horas.
* No debe tomarse con [alimentos grasos|zumo de pomelo|lácteos]; [hágalo|tómelo] [1|2|3] horas antes de [comer|la
  comida].
"""
G["contra"] = """
* [Está contraindicado|Queda contraindicado] en [pacientes con|caso de] {enf} o {enf}.
* [No tome|No utilice] {X} si [padece|sufre|tiene] {enf}.
* No debe [usarse|prescribirse] [a quien presente|en presencia de] {enf} ni en [alérgicos a|hipersensibles a] {exc}.
* [Nunca se administrará|No debe darse] junto con {farm} [ni|o] {farm}.
* [Plaquetas inferiores a|Neutrófilos por debajo de] [50|75|100|1,5] × 10³/µl [impiden|desaconsejan] su uso.
* Ningún paciente con {enf} [debe|podrá] [recibirlo|tomarlo] sin [vigilancia|control] del {prof}.
* [Contraindicado|Prohibido] [durante|en] los {nn} días [posteriores a|siguientes a] [cirugía|un infarto|{sint}].
* Tampoco [está permitido|es apto] cuando hay {enf}, {enf} o [alergia|intolerancia] a {farm}.
"""
G["warn"] = """
* [Consulte|Avise] al {prof} si [aparece|nota|presenta] {sint} o {sint}.
* [Evite|Por prudencia, evite] [las bebidas alcohólicas|el zumo de pomelo|el café] [mientras dure|durante] la
  medicación.
* [Puede|A veces puede] [producir|causar] {ra}; no debe [conducir|manejar máquinas] [hasta pasadas|antes de] {h}
  horas.
* [Interrumpa|Suspenda] [de inmediato|sin demora] ante {sint} con temperatura superior a [38|38,5|39] °C.
* [Debe vigilarse|Se vigilará] [el peso|la presión|el hemograma|la glucemia] cada {n} [días|semanas].
* [Tratamientos|Cursos] de más de {nn} días [aumentan|duplican] el riesgo de {ra} un {pc} %.
* [La retirada|El abandono] [debe|tendrá que] ser gradual: un {pc} % [menos cada|cada] {n} días.
* [Los deportistas deben saber|Quien compite ha de conocer] que [puede|podría] dar [positivo|un control positivo] en
  dopaje.
* [Si tiene|Ante] {enf}, [no se recomienda superar|se recomienda mantener] {d} [diarios|por toma].
* [Contiene|Por contener] {exc}: [personas con|quienes tienen] intolerancia [nunca lo tomarán|no deben tomarlo].
* [Un|Cerca de un] {pc} % de los [usuarios|tratados] [desarrolló|tuvo] {ra} al cabo de {n} meses.
"""
G["inter"] = """
* [El uso con|La asociación con|Junto a] {farm} [aumenta|eleva|reduce] [la concentración|el AUC] un {pc} %.
* Debe [separarse|distanciarse] de {farm} [al menos|como mínimo] [2|3|4|6] horas.
* [No se recomienda|Nunca se hará] la [combinación|toma simultánea] con {farm} o {farm}.
* [Potencia|Disminuye] [el efecto|la acción] de {farm}; [reduzca|ajuste] su dosis entre un [10|15|20] y un
  [30|40|50] %.
* [Si toma|En tratados con] {farm}, [el INR|la litemia|la glucemia] [debe medirse|se medirá] {f} a la semana.
* {farm} [puede|podría] [precipitar|desencadenar] {ra} [hasta|incluso] {n} días después.
* [Sin|Carece de] interacción [relevante|apreciable] con {farm} [a dosis de|si no se exceden] {d}.
* La [cafeína|nicotina|hierba de San Juan] [acorta|rebaja] la semivida de [12-18|4-6|20-30] horas a [2-3|8-10|6-7]
  horas.
"""
G["preg"] = """
* [Embarazo|Gestación]: no se recomienda [en el primer trimestre|en el tercer trimestre|sin indicación del {prof}].
* [Pasa|Se excreta] a la leche [menos de un|alrededor de un] [0,5|1,5|2|3] % de la dosis [materna|ingerida].
* [La lactancia|Dar el pecho] debe [suspenderse|interrumpirse] [durante|hasta pasadas] {h} horas.
* [Las mujeres|Quienes estén] en edad fértil [deben usar|usarán] anticonceptivos hasta {n} meses después.
* [Los estudios|Las pruebas] en [ratas|conejas|primates] con [10|25|50|100] mg/kg no [mostraron|revelaron]
  [daño fetal|malformaciones].
* [Puede emplearse|Se puede dar] [en embarazadas|a partir de la semana [12|14|20]] a [razón de|dosis de] {d}
  [diarios|al día].
* [Ningún dato|Ningún estudio] [apoya|respalda] su uso [antes de las|después de las] [12|20|28|34] semanas.
"""
G["over"] = """
* [Dosis superiores a|Más de] [4|6|7,5|10|12] g [causan|pueden causar] {ra}, {sint} y {sint}.
* [En caso de sobredosis|Ante una ingestión masiva], [lavado gástrico|carbón activado 1 g/kg] antes de [1|2|4] horas.
* [El antídoto|La N-acetilcisteína|El tratamiento] se [da|infunde] a [50|100|140|150] mg/kg en [200|250|500] ml de
  suero al 5 %.
* [Llame|Acuda] [al centro toxicológico|a urgencias] si [tomó|ha tomado] {n} {formas} [de más|más de lo pautado].
* [No debe|Nunca debe] [provocarse el vómito|inducirse el vómito] [en inconscientes|si hay {sint}].
* La dosis [letal|tóxica] [oscila|se sitúa] entre [5|8|10] y [15|20|25] g en [adultos|un adulto sano].
"""
G["adr"] = """
* [Muy frecuentes|Muy comunes] ([más de 1 de cada 10|≥ 10 %]): {ra} y {ra}.
* Frecuentes ([hasta 1 de cada 10|entre 1 y 10 %]): {ra}, {ra}, {ra}.
* Poco frecuentes ([hasta 1 de cada 100|0,1-1 %]): {ra} y {ra}.
* Raras ([hasta 1 de cada 1.000|< 0,1 %]): {ra}, {ra}.
* [Muy raras|Excepcionales]: {ra}, [descrita|comunicada] [en 3|en 5|en 11] [casos|enfermos] [con dosis|a dosis] de
  {d}.
* Frecuencia [no conocida|desconocida]: {ra}; [a veces|en ocasiones] {sint}.
* [Se retiró|Abandonó] el {pc} % por {ra} [antes de las|después de las] {nn} semanas.
* El {pc} % de [los voluntarios|la muestra] [refirió|notificó] {ra}, [casi siempre|sobre todo] leve.
"""
G["store"] = """
* [Conservar|Guardar|Almacenar] [por debajo de|a temperatura inferior a] [25|30] °C.
* [Nevera|Refrigerar] entre [2|3] y 8 °C; nunca [congelar|meter en el congelador].
* [Una vez abierto|Tras la apertura], [deséchelo|caduca] [a los|después de] [14|28|30|90] días.
* [Manténgase|Déjese] fuera [de la vista|del alcance] de los [niños|menores].
* [No debe|Nunca debe] tirarse [por el desagüe|a la basura]; [llévelo|devuélvalo] al punto SIGRE.
* [Humedad|Ambiente con humedad] inferior al [40|60|65] %, [en su envase|al abrigo de la luz].
"""
G["case"] = """
* [Caso clínico|Ejemplo|Caso ilustrativo]: [mujer|varón] de {edad} años con {enf} que [acude|consulta] por {sint} y
  recibió
  {X} durante {nn} días.
* [Ejemplo práctico|Viñeta]: paciente de {edad} años, [fumador|jubilada|deportista], con {ind1}, que
  [presentó|refirió] {ra}
  tras {n} días de tratamiento.
"""
G["p_comp"] = """
* [Cada|La] 100 g de droga [aportan|contienen] [no menos de|como mínimo] [0,4|0,8|1,2|2,5|4] % de {const}.
* [El principal componente|Su principio] es {const} ([0,2-1|1-3|2-4|4-8] %), [acompañado de|junto a] taninos y
  mucílagos.
* Parte usada: {parte} de {lat}, [recolectada|cosechada] en [{mes}|{mes} y {mes}] [y secada|con secado] a [35|40|45]
  °C.
* [Extracto seco|Extracto fluido] [1:1|1:2|4:1|5:1], [titulado|valorado] al [0,3|1,8|5|24] % en {const}.
* Tintura [1:5|1:10] en etanol de [45|60|70] %, [unas|aproximadamente] [25|30|40] gotas por ml.
* {X} ({lat}) [crece|se cría] [en riberas|en laderas soleadas|en huertos] [hasta|por encima de] los
  [800|1.200|2.400] metros.
* Cada cápsula [lleva|contiene] [150|200|300|500] mg de polvo y {exc} [como soporte|de relleno].
"""
G["p_use"] = """
* [Tradicionalmente|Según la tradición] [alivia|se usa para] {ind1} y {ind2}.
* [La evidencia|El respaldo clínico] es [escaso|limitado]: [un ensayo|una revisión] con [48|120|212] personas halló
  mejoría del
  {pc} %.
* [Uso externo|Por vía tópica]: {ind2}, [en compresas|en lavados] {f} al día.
* [No debe|Nunca debe] [sustituir|reemplazar] la medicación [para|contra] {enf}.
* [Si|Cuando] {ind1} [persiste|dura] más de {nn} días, [acuda|consulte] al {prof}.
* [La Agencia|El comité de plantas] [admite|reconoce] su empleo en mayores de {ed} años para {ind1}.
"""
G["p_prep"] = """
* Infusión: [una|dos|media] [cucharadita|cucharada] ([1,5|2|2,5|3-5] g) en [150|200|250] ml de {liq}, tapada {min}
  minutos.
* Decocción: [hervir|cocer] [10|15|20|30] g en [½|1/2|1|1,5] l de agua [durante|por] {min} minutos y [colar|filtrar].
* Maceración [en frío|nocturna]: [5|8|12] g en [250|500|750] ml [durante|por] {h} horas.
* Cataplasma: [machacar|triturar] [50|80|120] g de {parte} y [aplicar|poner] [tibia|a 40 °C] [15-20|20-30|10-15]
  minutos.
* Tintura: [10-20|15-30|20-40] gotas [diluidas|disueltas] en [medio vaso de agua|50 ml de agua] {f} al día.
* Jarabe: [mezclar|unir] [100|180|200] g de azúcar con [100|120] ml del cocimiento; [tomar|dar] {n} cucharaditas al
  día.
* [Vahos|Inhalación]: [5|6|8] gotas de esencia en [1|1,5|2] l de {liq}, [una vez|dos veces] al día.
"""
G["p_dose"] = """
* Adultos: {n} tazas al día, [antes de las comidas|después de las comidas|entre horas], [durante|por] {n} semanas.
* [Extracto seco|Polvo micronizado]: [200|300|450|600] mg {f} al día, [máximo|con un máximo de] [1,2|1,8|2,4] g.
* [Niños de|Entre los] [4|6|7] a [10|11|12] años: la mitad de la dosis [adulta|indicada].
* No se recomienda en menores de {ed} [años|meses] [por falta de datos|por ausencia de estudios].
* [Mayores de 65 años|Ancianos]: media taza {f} al día; [descansar|parar] {n} días cada {nn}.
* [Daño renal|Insuficiencia renal]: [no debe usarse|evite la tintura] con filtrado inferior a [30|45|60] ml/min.
* [Ciclos|Curas] de [2-3|3-4|4-6] semanas [separados por|con] {nn} días de [pausa|descanso].
* [Jugo|Zumo] fresco: [5|10|15|20] ml {f} al día, [siempre|nunca] con el estómago vacío.
* [Aceite esencial|Esencia]: [1-2|2-3|2-4] gotas [en miel|en un terrón de azúcar], como máximo {f} al día.
"""
G["p_tox"] = """
* [Dosis mayores de|Cantidades superiores a] [10|15|30] g al día [producen|pueden producir] {ra} y {sint}.
* [El exceso|La intoxicación] de {const} [cursa con|provoca] {sint}, {sint} y {ra}.
* [La DL50|La dosis letal media] del extracto en rata [es superior a|supera] [2|3|5] g/kg.
* Si [un niño|alguien] [ingiere|come] más de {nn} [hojas|frutos|semillas], debe [ir|acudir] a urgencias antes de {n}
  horas.
"""
DRUG_PLAN = [
    "comp",
    "ind",
    "adult",
    "child",
    "old",
    "renal",
    "admin",
    "contra",
    "warn",
    "inter",
    "preg",
    "over",
    "adr",
    "store",
]
PLANT_PLAN = ["p_comp", "p_use", "p_prep", "p_dose", "contra", "warn", "inter", "preg", "p_tox", "adr", "store"]
HEADS: dict[str, str] = {
    "comp": "Composición|Composición cualitativa y cuantitativa|Qué contiene|Fórmula",
    "ind": "Indicaciones|Indicaciones terapéuticas|Para qué se utiliza|Acción y usos",
    "adult": "Posología|Dosis en adultos|Cómo tomar la medicación|Dosificación",
    "child": "Niños|Uso pediátrico|Posología en pediatría",
    "old": "Ancianos|Personas mayores|Uso en geriatría",
    "renal": "Insuficiencia renal y hepática|Ajuste de dosis|Poblaciones especiales",
    "admin": "Forma de administración|Preparación y modo de empleo|Instrucciones de uso",
    "contra": "Contraindicaciones|Cuándo no usarlo|Situaciones de exclusión",
    "warn": "Advertencias y precauciones|Precauciones|Tenga especial cuidado",
    "inter": "Interacciones|Uso de otros medicamentos|Interacción con otras sustancias",
    "preg": "Embarazo y lactancia|Fertilidad, embarazo y lactancia|Gestación",
    "over": "Sobredosis|Si toma más de lo indicado|Sobredosificación",
    "adr": "Reacciones adversas|Posibles efectos adversos|Efectos secundarios",
    "store": "Conservación|Almacenamiento|Cómo guardar el producto",
    "p_comp": "Composición|La planta y sus componentes|Descripción de la droga",
    "p_use": "Usos tradicionales|Indicaciones|Propiedades y usos",
    "p_prep": "Preparación|Cómo se prepara|Formas de preparación",
    "p_dose": "Posología|Dosis recomendada|Cuánto tomar",
    "p_tox": "Sobredosis y toxicidad|Intoxicación|Toxicología",
    "case": "Un caso|Ejemplo clínico|Viñeta clínica",
}
SENTENCES = {
    k: [" ".join(s.split()) for s in re.split(r"^\* ", v.strip(), flags=re.MULTILINE) if s.strip()]
    for k, v in G.items()
}


@dataclass
class Pair:
    """Hold an original leaflet, its changed copy and a description of every edit."""

    original: str
    changed: str
    edits: list[str] = field(default_factory=list)


# --------------------------------------------------------------------------- writing an original
class Writer:
    """Write one leaflet from the grammar with its own fixed words and freshly drawn ones."""

    def __init__(self, rng: random.Random) -> None:
        """Draw the subject of the leaflet and every word that stays fixed in it."""
        self.rng = rng
        self.bags: dict[str, list[str]] = {}
        self.plant = rng.random() < 0.42
        self.fixed: dict[str, str] = {}
        forma, formas, un, medio = rng.choice(FORMS)
        los = "las" if un == "una" else "los"
        self.fixed.update(forma=forma, formas=formas, un=un, medio=medio, los=los, Los=los.capitalize())
        self._subject()

    def _subject(self) -> None:
        """Choose the drug or the plant and store the words that describe it."""
        rng = self.rng
        lines = (PLANTS if self.plant else DRUGS).strip().splitlines()
        cols = rng.choice(lines).split("|")
        self.strengths = ["100", "200", "300", "500"]
        if self.plant:
            name, latin, part, uses, const = cols
            self.fixed.update(X=name, lat=latin, parte=part, const=const, grupo="una planta medicinal")
            self.title = rng.choice([f"{name} ({latin})", f"Monografía: {name}", f"{name}. Ficha de planta medicinal"])
        else:
            name, group, uses, strengths = cols
            self.strengths = [s for s in strengths.split(",") if s]
            brand = rng.choice(BRAND_A) + rng.choice(BRAND_B)
            self.fixed.update(X=rng.choice([name, brand, f"{brand} Forte"]), pa=name.lower(), grupo=group)
            self.title = rng.choice(
                [
                    f"Prospecto: información para el usuario. {brand} ({name.lower()})",
                    f"{name} {rng.choice(LABS)}",
                    f"Ficha técnica de {brand}",
                    f"{brand.upper()} - {name.lower()}",
                ]
            )
        ind = rng.sample(uses.split(";"), 2)
        self.fixed.update(ind1=ind[0], ind2=ind[1])

    def word(self, slot: str) -> str:
        """Return the text of one slot, drawing pools without repetition until they run out."""
        if slot in self.fixed:
            return self.fixed[slot]
        if slot in ("d", "d2"):
            return f"{self.rng.choice(self.strengths)} mg"
        if slot == "edad":
            return str(self.rng.randint(19, 94))
        if slot == "mes":
            return self.rng.choice(MONTHS)
        if slot == "min":
            return self.rng.choice(["5", "8", "10", "15", "20", "30", "45"])
        bag = self.bags.setdefault(slot, [])
        if not bag:
            bag.extend(POOLS[slot].split(";"))
            self.rng.shuffle(bag)
        return bag.pop()

    def expand(self, text: str) -> str:
        """Expand the alternatives and the slots of one grammar sentence."""
        while "[" in text:
            text = re.sub(r"\[([^\[\]]*)\]", lambda m: self.rng.choice(m.group(1).split("|")), text, count=1)
        text = re.sub(r"\{(\w+)\}", lambda m: self.word(m.group(1)), text)
        text = re.sub(r"\bde el\b", "del", re.sub(r"\ba el\b", "al", text))
        return text[:1].upper() + text[1:]

    def section(self, key: str, size: int) -> list[str]:
        """Write the sentences of one section."""
        pool = SENTENCES[key]
        picked = self.rng.sample(pool, min(size, len(pool)))
        if key == "adr":
            picked.sort(key=pool.index)
        return [self.expand(s) for s in picked]


def _heading(text: str, number: int, style: str) -> str:
    """Dress a heading in the style of the document."""
    return {
        "caps": text.upper(),
        "num": f"{number}. {text}",
        "tech": f"4.{number}. {text}",
        "md": f"## {text}",
        "colon": f"{text}:",
        "plain": text,
    }[style]


def _furniture(w: Writer) -> tuple[list[str], list[str]]:
    """Return the lines above and below the body, such as maker, revision date and page number."""
    rng = w.rng
    year, month = rng.randint(1998, 2024), rng.choice(MONTHS)
    top = [w.title]
    if rng.random() < 0.5:
        top.append(
            rng.choice(
                [
                    f"Laboratorios {rng.choice(LABS)}, {rng.choice(CITIES)}",
                    f"N.º de registro: {rng.randint(40000, 89999)}",
                    "Lea este texto con atención",
                    f"Centro de información de {rng.choice(CITIES)}",
                ]
            )
        )
    end = [
        rng.choice(
            [
                f"Fecha de la última revisión: {month} de {year}",
                f"Texto revisado en {month} de {year}",
                f"Publicado en {rng.choice(CITIES)}, {year}",
                f"Revisión: {month} {year}",
            ]
        )
    ]
    if rng.random() < 0.5:
        end.append(
            rng.choice(["Página {0} de {1}", "- {0} -", "pág. {0}"]).format(rng.randint(1, 9), rng.randint(10, 30))
        )
    return top, end


def _draft(rng: random.Random) -> str:
    """Write one leaflet without looking at its length."""
    w = Writer(rng)
    style = rng.choice(["caps", "num", "tech", "md", "colon", "plain"])
    layout = rng.choice(["block", "block", "bullets", "lines"])
    plan = list(PLANT_PLAN if w.plant else DRUG_PLAN)
    if rng.random() < 0.5:
        tail = plan[4:]
        rng.shuffle(tail)
        plan = plan[:4] + tail
    for key in rng.sample(plan[4:], rng.randint(0, 3)):
        plan.remove(key)
    if rng.random() < 0.35:
        plan.insert(rng.randint(2, len(plan)), "case")
    rich = rng.uniform(1.6, 4.4)
    top, end = _furniture(w)
    bullet = rng.choice(["- ", "• ", "* "])
    parts = ["\n".join(top)]
    for number, key in enumerate(plan, 1):
        size = 1 if key == "case" else max(1, round(rng.gauss(rich, 0.8)))
        lines = w.section(key, size)
        head = _heading(rng.choice(HEADS[key].split("|")), number, style)
        joined = {"block": " ".join(lines), "lines": "\n".join(lines), "bullets": "\n".join(bullet + x for x in lines)}
        parts.append(head + "\n" + joined[layout])
    return "\n\n".join([*parts, "\n".join(end)]) + "\n"


def leaflet(rng: random.Random) -> str:
    """Write one leaflet of 250 to 700 words, one in four of them with hard-wrapped lines."""
    while True:
        text = _draft(rng)
        if 250 <= len(text.split()) <= 700:
            break
    return _wrap(text, rng.choice([72, 80, 90, 100])) if rng.random() < 0.25 else text


def _wrap(text: str, width: int) -> str:
    """Wrap every line of a text at a width without touching its words."""
    wrapped = (textwrap.fill(x, width, break_long_words=False, break_on_hyphens=False) for x in text.split("\n"))
    return "\n".join(wrapped)


# --------------------------------------------------------------------------- medical edits
Change = Callable[["re.Match[str]", random.Random], str | None]


@dataclass(frozen=True)
class Rule:
    """Name a kind of edit, the pattern it applies to and what replaces the match."""

    kind: str
    name: str
    pattern: re.Pattern[str]
    change: Change


NUM = r"(?<![\d.,/:\-–])(?:\d{1,3}(?:\.\d{3})+|\d+(?:,\d+)?)"
UNITS = r"(?:mg|g|ml|l|µg|mcg|UI|gotas|kg|mmol)"
FORM = r"(?:comprimid|tablet|cápsul|sobre|grage|pastill|cucharad|taza|toma|día|semana|mes|hora|vaso)"
ORDER = ["cero", "una", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce"]


def _value(text: str) -> Decimal:
    """Read a Spanish number."""
    return Decimal(text.replace(".", "").replace(",", "."))


def _spell(value: Decimal, dotted: bool) -> str:
    """Write a number the Spanish way, with thousands dots if asked."""
    plain = format(value.normalize(), "f")
    whole, _, frac = plain.partition(".")
    if dotted and len(whole) > 3:
        whole = f"{int(whole):,}".replace(",", ".")
    return f"{whole},{frac}" if frac else whole


def _dose(m: re.Match[str], rng: random.Random) -> str | None:
    """Move the decimal point of a dose one place or change its first digit."""
    old = m.group(0)
    value = _value(old)
    how = rng.choice(["up", "down", "digit"])
    if how == "digit":
        first = next(c for c in old if c in "123456789")
        return old.replace(first, rng.choice([d for d in "123456789" if d != first]), 1)
    return _spell(value * 10 if how == "up" else value / 10, "." in old or value * 10 >= 10000)


def _percent(m: re.Match[str], rng: random.Random) -> str | None:
    """Multiply or divide a percentage by ten."""
    value = _value(m.group(0))
    return _spell(value * 10 if value < 10 or (value < 100 and rng.random() < 0.2) else value / 10, False)


def _interval(m: re.Match[str], rng: random.Random) -> str | None:
    """Change the upper or the lower end of an interval, keeping it an interval."""
    low, mid, high = m.group(1), m.group(2), m.group(3)
    a, b = _value(low), _value(high)
    if rng.random() < 0.3 and a > 1:
        return _spell(a - 1 if a < 5 else a // 2, False) + mid + high
    new = Decimal("1" + format(b, "f")) if b < 10 and b == int(b) else b * 2
    return low + mid + _spell(new, False)


def _neighbour(m: re.Match[str], rng: random.Random) -> str | None:
    """Replace a number word by the next one up or down."""
    place = ORDER.index(m.group(0).lower())
    options = [p for p in (place - 1, place + 1) if 2 <= p < len(ORDER)]
    return _case(ORDER[rng.choice(options)], m.group(0))


def _half(m: re.Match[str], rng: random.Random) -> str | None:
    """Turn half a unit into a whole one."""
    return _case("una" if m.group(0).lower() == "media" else "un", m.group(0))


def _case(new: str, model: str) -> str:
    """Give a text the initial capital of another."""
    return new[:1].upper() + new[1:] if model[:1].isupper() else new


def _swap(*news: str) -> Change:
    """Build a change that puts one of the given texts in place of the match."""
    return lambda m, rng: _case(rng.choice(news), m.group(0))


def _raw(*news: str) -> Change:
    """Build a change that puts one of the given texts without looking at capitals."""
    return lambda m, rng: rng.choice(news)


def _hours(m: re.Match[str], rng: random.Random) -> str | None:
    """Replace the hours between two doses by another usual number."""
    return rng.choice([h for h in ("4", "6", "8", "12", "24") if h != m.group(0)])


def _drop_comma(m: re.Match[str], rng: random.Random) -> str | None:
    """Lose the decimal comma of a number."""
    return m.group(0).replace(",", "").lstrip("0")


def _rule(kind: str, name: str, pattern: str, change: Change, flags: int = re.IGNORECASE) -> Rule:
    """Compile one rule."""
    return Rule(kind, name, re.compile(pattern, flags), change)


NEG = r"(?<!no\s)(?<!nunca\s)(?<!ningún\s)(?<!tampoco\s)"
NOT_NEGATED = r"(?<!nunca\s)"


def _basic_rules() -> list[Rule]:
    """List the rules about numbers and how they are written."""
    return [
        _rule("dose", "number", NUM + rf"(?=\s{UNITS}\b)", _dose, 0),
        _rule("dose", "per kilo", NUM + r"(?=\smg/kg)", _dose, 0),
        _rule(
            "number_word", "count", rf"\b(?:dos|tres|cuatro|cinco|seis|siete|ocho|diez|doce)(?=\s{FORM})", _neighbour
        ),
        _rule("number_word", "half", rf"\b(?:media|medio)(?=\s{FORM})", _half),
        _rule("number_word", "to half", r"\ba la mitad\b", _swap("al doble")),
        _rule("number_word", "half of", r"\bla mitad(?= de)", _swap("el doble")),
        _rule("percentage", "ten times", NUM + r"(?=\s%)", _percent, 0),
        _rule("interval", "dash", r"(?<![\d.,/])(\d+(?:,\d+)?)([-–])(\d+(?:,\d+)?)(?=\s[a-zµ%°])", _interval, 0),
        _rule("interval", "between", r"(?<=entre )(\d+)( y )(\d+)(?=\s[a-zµ%°])", _interval, 0),
        _rule("interval", "from to", r"(?<= de )(\d+)( a )(\d+)(?= años)", _interval, 0),
        _rule("format", "decimal comma lost", r"(?<![\d.,\-–])\d+,\d+(?=\s(?:%|" + UNITS + r"\b))", _drop_comma, 0),
        _rule("format", "half to quarter", r"(?<![\d/])1/2(?![\d/])", _raw("1/4"), 0),
        _rule("format", "half sign", "½", _raw("¼"), 0),
        _rule("format", "power of ten", r"(?<=10)³", _raw("⁶"), 0),
        _rule(
            "format",
            "extract ratio",
            r"(?<!\d)1:(?:5|10)(?!\d)",
            lambda m, r: "1:10" if m.group(0) == "1:5" else "1:5",
            0,
        ),
        _rule(
            "format",
            "thousands group lost",
            r"(?<![\d.,])\d\.000(?=\s(?:mg|UI)\b)",
            lambda m, r: m.group(0)[0] + "00",
            0,
        ),
    ]


def _unit_rules() -> list[Rule]:
    """List the rules about units and times."""
    return [
        _rule("unit", "mg", r"(?<=\d\s)mg(?![/\w])", _raw("g", "µg", "mcg"), 0),
        _rule("unit", "mg per kilo", r"(?<=\d\s)mg/kg\b", _raw("mg", "g/kg"), 0),
        _rule("unit", "g", r"(?<=\d\s)g(?![/\w])", _raw("mg", "kg"), 0),
        _rule("unit", "ml", r"(?<=\d\s)ml(?![/\w])", _raw("l"), 0),
        _rule("unit", "drops", r"(?<=\d\s)gotas\b", _raw("cucharadas"), 0),
        _rule("unit", "UI", r"(?<=\d\s)UI\b", _raw("mg"), 0),
        _rule("unit", "hours", r"(?<=\d\s)horas\b", _raw("días", "minutos"), 0),
        _rule("unit", "days", r"(?<=\w\s)días\b", _raw("semanas", "meses"), 0),
        _rule("unit", "weeks", r"(?<=\w\s)semanas\b", _raw("meses", "días"), 0),
        _rule("unit", "minutes", r"(?<=\d\s)minutos\b", _raw("horas"), 0),
        _rule("unit", "per day", r"\bal día\b", _raw("a la semana", "a la hora"), 0),
        _rule("unit", "every hours", r"(?<=cada )(?:4|6|8|12|24)(?= horas)", _hours, 0),
        _rule("unit", "degrees", "°C", _raw("°F"), 0),
        _rule("frequency", "once", r"\buna vez(?= a)", _swap("dos veces", "tres veces")),
        _rule("frequency", "twice", r"\bdos veces(?= a)", _swap("una vez", "cuatro veces")),
        _rule("frequency", "thrice", r"\b(?:tres|cuatro) veces(?= a)", _swap("una vez", "dos veces", "seis veces")),
        _rule("frequency", "one in", r"\b1 de cada 100?(?=[):])", lambda m, r: "1 de cada 10.000"),
        _rule("frequency", "very common", r"\bMuy frecuentes\b", _raw("Poco frecuentes", "Muy raras"), 0),
        _rule("frequency", "rare", r"\bMuy raras\b", _raw("Muy frecuentes"), 0),
    ]


def _polar_rules() -> list[Rule]:
    """List the rules about comparisons and negations."""
    return [_rule(kind, new, pattern, _swap(new)) for kind, pattern, new in SWAPS]


SWAPS = [
    ("comparison", r"\bmayores(?= de \d)", "menores"),
    ("comparison", r"\bmenores(?= de \d)", "mayores"),
    ("comparison", r"\bsuperior(?= al? \d)", "inferior"),
    ("comparison", r"\binferior(?= al? \d)", "superior"),
    ("comparison", r"\bsuperiores(?= a)", "inferiores"),
    ("comparison", r"\binferiores(?= a)", "superiores"),
    ("comparison", r"<(?=\s\d)", ">"),
    ("comparison", r">(?=\s\d)", "<"),
    ("comparison", "≥", "≤"),
    ("comparison", r"\bmáximo\b", "mínimo"),
    ("comparison", r"\bmáxima\b", "mínima"),
    ("comparison", r"\bmínimo\b", "máximo"),
    ("comparison", r"\bal menos\b", "como mucho"),
    ("comparison", r"\bantes(?= de)", "después"),
    ("comparison", r"\bdespués(?= de)", "antes"),
    ("comparison", r"\bmás(?= de \w)", "menos"),
    ("comparison", r"\bpor debajo\b", "por encima"),
    ("comparison", r"\bno menos de\b", "no más de"),
    ("negation", NOT_NEGATED + r"\bno debe\b", "debe"),
    ("negation", NEG + r"\bdebe\b", "no debe"),
    ("negation", NEG + r"\bdeben\b", "no deben"),
    ("negation", r"\bno deben\b", "deben"),
    ("negation", r"\bsin receta\b", "con receta"),
    ("negation", r"\bcon receta\b", "sin receta"),
    ("negation", r"\bnunca\b", "siempre"),
    ("negation", r"(?<!casi )\bsiempre\b", "nunca"),
    ("negation", r"\bcontraindicado\b", "indicado"),
    ("negation", r"\bevite\b", "tome"),
    ("negation", r"\bningún\b", "algún"),
    ("negation", r"\bno se recomienda\b", "se recomienda"),
    ("negation", NEG + r"\bse recomienda\b", "no se recomienda"),
    ("negation", r"\bno puede\b", "puede"),
    ("negation", NEG + r"(?<!se\s)\bpuede\b", "no puede"),
    ("negation", r"\bno tome\b", "tome"),
    ("negation", r"\bno utilice\b", "utilice"),
    ("negation", r"(?<!in)\bindicado(?= en)", "contraindicado"),
]


RULES = _basic_rules() + _unit_rules() + _polar_rules()
KINDS = ["dose", "number_word", "unit", "percentage", "interval", "comparison", "negation", "frequency", "format"]


@dataclass(frozen=True)
class Edit:
    """Hold one replacement at one place of an original."""

    kind: str
    name: str
    start: int
    old: str
    new: str

    def __str__(self) -> str:
        """Write the edit as a string that can be read back."""
        return f"{self.kind} ({self.name}) @{self.start}: «{self.old}» → «{self.new}»"


def parse_edit(text: str) -> Edit:
    """Read an edit string back."""
    m = re.fullmatch(r"(\w+) \((.*?)\) @(\d+): «(.*?)» → «(.*?)»", text, re.DOTALL)
    if m is None:
        raise ValueError(text)
    return Edit(m[1], m[2], int(m[3]), m[4], m[5])


def apply_edits(original: str, edits: list[Edit]) -> str:
    """Apply edits to an original, the last place first."""
    for e in sorted(edits, key=lambda e: -e.start):
        if original[e.start : e.start + len(e.old)] != e.old:
            raise ValueError(str(e))
        original = original[: e.start] + e.new + original[e.start + len(e.old) :]
    return original


def _body(text: str) -> tuple[int, int]:
    """Return the span between the title block and the revision lines, where edits may fall."""
    return text.index("\n\n"), text.rindex("\n\n")


def draw_edit(text: str, kind: str, rng: random.Random, taken: list[Edit]) -> Edit | None:
    """Draw one edit of a kind that keeps clear of those already taken."""
    low, high = _body(text)
    rules = [r for r in RULES if r.kind == kind]
    rng.shuffle(rules)
    for rule in rules:
        spots = [m for m in rule.pattern.finditer(text) if low <= m.start() < high]
        spots = [
            m for m in spots if all(abs(m.start() - e.start) > 60 for e in taken) and not _in_case(text, m.start())
        ]
        if not spots:
            continue
        m = rng.choice(spots)
        new = rule.change(m, rng)
        if new is not None and new != m.group(0):
            return Edit(kind, rule.name, m.start(), m.group(0), new)
    return None


def _in_case(text: str, place: int) -> bool:
    """Say whether a place lies on a clinical-case line or a heading."""
    line = text[text.rfind("\n", 0, place) + 1 : (text + "\n").find("\n", place)]
    return bool(re.match(r"(?:[-•*] )?(?:Caso|Ejemplo|Viñeta)", line)) or (
        len(line.split()) < 4 and not line.endswith(".")
    )


def pairs(seed: int, count: int) -> Iterator[Pair]:
    """Yield leaflets together with copies that carry one to three medical changes."""
    rng = random.Random(seed)
    deck: list[str] = []
    for _ in range(count):
        if not deck:
            deck = rng.sample(KINDS, len(KINDS))
        kind = deck.pop()
        edit: Edit | None = None
        while edit is None:
            text = leaflet(rng)
            edit = draw_edit(text, kind, rng, [])
        edits = [edit]
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            more = draw_edit(text, rng.choice(KINDS), rng, edits)
            if more is not None:
                edits.append(more)
        edits.sort(key=lambda e: e.start)
        yield Pair(text, apply_edits(text, edits), [str(e) for e in edits])


# --------------------------------------------------------------------------- harmless changes
def _h_whitespace(text: str, rng: random.Random) -> str:
    """Double some spaces, add trailing ones and change the number of empty lines."""
    text = re.sub(r"(?<=\S) (?=\S)", lambda m: rng.choice([" "] * 9 + ["  ", "\u00a0", "\t"]), text)
    return re.sub(r"\n\n", lambda m: rng.choice(["\n\n", " \n\n", "\n\n\n"]), text)


def _h_rewrap(text: str, rng: random.Random) -> str:
    """Wrap the lines at another width."""
    return _wrap(text, rng.choice([42, 50, 58, 66]))


def _h_quotes(text: str, rng: random.Random) -> str:
    """Put typographic quotes in place of straight ones."""
    left, right = rng.choice([("«", "»"), ("“", "”")])
    return re.sub(r'"([^"\n]+)"', rf"{left}\1{right}", text)


def _h_dashes(text: str, rng: random.Random) -> str:
    """Put a longer dash in place of every hyphen between numbers or spaces."""
    return re.sub(r"(?<=\d)-(?=\d)", rng.choice("–‑"), text).replace("\n- ", "\n– ").replace(" - ", " – ")


def _h_heading(text: str, rng: random.Random) -> str:
    """Change the capitals of every heading."""
    return _map_headings(text, lambda s: s.capitalize() if s.isupper() else s.upper())


def _map_headings(text: str, change: Callable[[str], str]) -> str:
    """Apply a change to the first line of every section."""
    parts = text.split("\n\n")
    for i in range(1, len(parts) - 1):
        head, sep, rest = parts[i].partition("\n")
        parts[i] = change(head) + sep + rest
    return "\n\n".join(parts)


def _h_header(text: str, rng: random.Random) -> str:
    """Add a line above the text."""
    return (
        rng.choice(
            [
                "MINISTERIO DE SALUD",
                "Hoja informativa para el paciente",
                "www.vademecum-ejemplo.es",
                "Inicio > Medicamentos > Prospectos",
            ]
        )
        + rng.choice(["\n", "\n\n"])
        + text
    )


def _h_footer(text: str, rng: random.Random) -> str:
    """Add a line below the text."""
    return (
        text.rstrip("\n")
        + "\n"
        + rng.choice(
            [
                "Documento descargado del CIMA",
                "© Todos los derechos reservados",
                "Imprimir | Compartir | Volver arriba",
                "Este prospecto está disponible en letra grande.",
            ]
        )
        + "\n"
    )


def _h_year(text: str, rng: random.Random) -> str:
    """Change the year of the revision or publication line."""
    cut = text.rindex("\n\n")
    new = re.sub(
        r"\b(?:19|20)\d\d\b", lambda m: str(int(m.group(0)) + rng.choice([-7, -3, -1, 1, 2])), text[cut:], count=1
    )
    return text[:cut] + new


def _h_accents(text: str, rng: random.Random) -> str:
    """Lose the accents and the tilde of ñ as bad scanning does."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _h_mg_dot(text: str, rng: random.Random) -> str:
    """Write an abbreviation dot after milligrams."""
    return re.sub(r"(?<=\d mg)(?=[ ,)])", ".", text)


def _h_glue(text: str, rng: random.Random) -> str:
    """Remove the space between numbers and units."""
    return re.sub(r"(?<=\d) (?=(?:mg|ml|g|%|UI|kg|mcg)(?![\wáéíóúñ]))", "", text)


def _h_age(text: str, rng: random.Random) -> str:
    """Give the patient of the clinical case another age."""

    def other(m: re.Match[str]) -> str:
        """Draw an age that is not the old one."""
        return m[1] + str(rng.choice([a for a in range(19, 95) if a != int(m[2])]))

    return re.sub(r"((?:mujer|varón|paciente)\sde\s)(\d\d)(?=\saños)", other, text, count=1)


def _h_page(text: str, rng: random.Random) -> str:
    """Change the page number of the last line."""

    def other(m: re.Match[str]) -> str:
        """Draw a page number that is not the old one."""
        return m[1] + str(rng.choice([p for p in range(1, 60) if p != int(m[2])]))

    return re.sub(r"(\n(?:Página |- |pág\. ))(\d+)(?=[^\n]{0,6}\n$)", other, text)


def _h_nfd(text: str, rng: random.Random) -> str:
    """Write accented letters as a letter and a combining mark."""
    return unicodedata.normalize("NFD", text)


def _h_bullets(text: str, rng: random.Random) -> str:
    """Use another sign for the bullets."""
    new = rng.choice(["· ", "▪ ", "— "])
    return re.sub(r"^(?:- (?=[^\d])|• |\* )", new, text, flags=re.MULTILINE)


def _h_degree(text: str, rng: random.Random) -> str:
    """Write degrees with the ordinal sign that keyboards offer."""
    return text.replace(" °C", rng.choice([" ºC", "°C", "ºC"]))


HARMLESS: dict[str, Callable[[str, random.Random], str]] = {
    "whitespace": _h_whitespace,
    "rewrap": _h_rewrap,
    "quotes": _h_quotes,
    "dashes": _h_dashes,
    "heading_case": _h_heading,
    "header_line": _h_header,
    "footer_line": _h_footer,
    "revision_year": _h_year,
    "accents_lost": _h_accents,
    "mg_dot": _h_mg_dot,
    "unit_glued": _h_glue,
    "patient_age": _h_age,
    "page_number": _h_page,
    "decomposed": _h_nfd,
    "bullets": _h_bullets,
    "degree_sign": _h_degree,
}


def _quoted(text: str, rng: random.Random) -> str:
    """Add a sentence with straight quotes to an original, so that quotes can change."""
    low = text.index("\n\n")
    words = rng.choice(["uso habitual", "genérico", "producto de herbolario", "medicina natural", "remedio casero"])
    lead = rng.choice(["Coloquialmente se le llama", "Los pacientes lo conocen como", "En el mercado figura como"])
    return f'{text[:low]}\n{lead} "{words}".{text[low:]}'


def harmless(seed: int, count: int) -> Iterator[Pair]:
    """Yield leaflets together with copies that differ in nothing medical."""
    rng = random.Random(seed)
    deck: list[str] = []
    for _ in range(count):
        if not deck:
            deck = rng.sample(sorted(HARMLESS), len(HARMLESS))
        kind = deck.pop()
        text = changed = ""
        while text == changed:
            text = leaflet(rng)
            text = _quoted(text, rng) if kind == "quotes" else text
            changed = HARMLESS[kind](text, rng)
        yield Pair(text, changed, [kind])


# --------------------------------------------------------------------------- self-test and examples
def _plain(text: str) -> str:
    """Reduce a text to its lower-case unaccented words, the measure of a real difference."""
    text = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return " ".join(text.split())


def _self_test(seeds: int) -> dict[str, int]:
    """Check every edit string of many seeds and count how often each kind was used."""
    seen: dict[str, int] = {}
    for seed in range(seeds):
        for p in pairs(seed, 3):
            edits = [parse_edit(e) for e in p.edits]
            assert p.original != p.changed and 1 <= len(edits) <= 3, seed
            assert apply_edits(p.original, edits) == p.changed, (seed, p.edits)
            for e in edits:
                assert _plain(e.old) != _plain(e.new), (seed, str(e))
                if e.kind in ("dose", "percentage") or e.name == "decimal comma lost":
                    assert _value(e.old) != _value(e.new), (seed, str(e))
                key = f"{e.kind}: {e.old.lower() if e.kind in ('negation', 'comparison') else e.name}"
                seen[key] = seen.get(key, 0) + 1
        for p in harmless(seed, 3):
            assert p.original != p.changed, (seed, p.edits)
            _check_harmless(p)
    covered = {parse_edit(e).kind for p in pairs(1, 100) for e in p.edits}
    assert covered == set(KINDS), covered
    return seen


def _check_harmless(p: Pair) -> None:
    """Check that a harmless pair differs only in what its label says."""
    a, b, kind = p.original, p.changed, p.edits[0]
    squeeze = {"whitespace", "rewrap", "heading_case", "accents_lost", "decomposed"}
    digits = {"revision_year", "patient_age", "page_number"}
    if kind in squeeze:
        assert _plain(a) == _plain(b), kind
    elif kind in digits:
        assert re.sub(r"\d+", "0", a) == re.sub(r"\d+", "0", b), kind
        assert sum(x != y for x, y in zip(a.split(), b.split(), strict=True)) == 1, kind
    elif kind in ("header_line", "footer_line"):
        assert a.strip() in b, kind
    else:
        keep = re.compile(r"[^0-9A-Za-zÁÉÍÓÚÑáéíóúñüµ½,/:%<>≥³]")
        strip = (keep.sub("", a).replace("ºC", "C"), keep.sub("", b).replace("ºC", "C"))
        assert strip[0] == strip[1], kind


def _show(p: Pair) -> None:
    """Print a pair, the original in full and the changed lines only."""
    print("=" * 100, p.original, sep="\n")
    print("EDITS:", *p.edits, sep="\n  ")
    old = set(p.original.split("\n"))
    print("CHANGED LINES:", *[x for x in p.changed.split("\n") if x not in old][:6], sep="\n  ")


if __name__ == "__main__":
    for shown in [*pairs(7, 3), *harmless(7, 3)]:
        _show(shown)
    counts = _self_test(300)
    print("self-test ok;", sum(counts.values()), "edits,", len(counts), "sorts")
