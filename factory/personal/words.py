"""Word lists: the labels of fields and what their values are, given names, provinces and large cities."""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """What stands behind a label: its type, how far it goes, and whether only clinical texts have it."""

    type: str
    shape: str
    clinical: bool = True


_NAMES = (
    "nombre|nombres|apellido|apellidos|primer apellido|segundo apellido|nombre y apellidos"
    "|apellidos y nombre|nombre completo"
    "|nombre del paciente|nombre de la paciente|nombre paciente|nombre del enfermo|nombre de la madre"
    "|nombre del padre|nombre del tutor"
)
_SIGNERS = (
    "remitido por|responsable clinico|responsable medico|rsponsable medico|direccion para correspondencia"
    "|responsable|correspondencia|firmado|fdo"
    "|firma|medico responsable|autor del informe|medico informante"
)
_PEOPLE = (
    "medico|medica|doctor|doctora|facultativo|medico de cabecera|medico tratante|medico de familia"
    "|medico de atencion primaria|cirujano|cirujana"
    "|enfermera|enfermero|persona de contacto|medico residente|matrona"
)
_CODES = (
    "nhc|n h c|nass|nuss|nss|nuhsa|cipa|cip|sip|tsi|cite|nocol|no col|no colegiado|no de colegiado"
    "|numero de colegiado|colegiado|colegiada|num col"
    "|n col|episodio|no episodio|dni|d n i|nif|nie|dni/nif|dni/nie|pasaporte|curp|rfc|cedula"
    "|cedula profesional|cedula de identidad|cedula de ciudadania"
    "|historia clinica|no historia clinica|no de historia clinica|numero de historia clinica|no historia"
    "|no de historia|numero de historia|no hc"
    "|expediente|no de expediente|no expediente|numero de expediente|numero de afiliacion"
    "|no de afiliacion|no afiliacion|afiliacion|seguridad social"
    "|no seguridad social|no de la seguridad social|numero de la seguridad social"
    "|numero de seguridad social|no ss|tarjeta sanitaria"
    "|numero de tarjeta sanitaria|no tarjeta sanitaria|poliza|no de poliza|licencia|matricula"
    "|matricula profesional|rut|run|cuil|cuit|dui|cui"
    "|id paciente|identificacion|no identificacion|numero de identificacion|documento"
    "|documento de identidad|no documento|no de documento"
    "|numero de registro|no de registro|id|folio|no de caso|codigo de paciente|numero de paciente|no paciente|codigo"
)
_DATES = (
    "fecha|fecha de nacimiento|f nacimiento|f nac|fecha nacimiento|fecha de ingreso|fecha ingreso"
    "|fecha de alta|fecha alta|fecha del informe|fecha de consulta|fecha de la consulta"
    "|fecha de defuncion|fecha de exitus|fecha de intervencion|fecha informe|nacimiento|ingreso|alta"
)
_PLACES = (
    "localidad|provincia|localidad/ provincia|localidad/provincia|localidad / provincia|municipio"
    "|ciudad|poblacion|lugar de nacimiento|lugar de residencia|natural de|comunidad autonoma"
)
_ADDRESSES = "domicilio|direccion|direccion postal|domicilio habitual|domicilio particular|calle|direccion particular"
_HOSPITALS = (
    "hospital|centro|centro de salud|centro sanitario|centro hospitalario|centro medico"
    "|hospital de referencia|hospital de origen"
)
_RELATIVES = "familiar|tutor|tutora|madre|padre|conyuge|contacto|especialista|anestesista|ayudante"
# What an article may hold too: a patient's name, address and numbers.
_PATIENT = "paciente|enfermo|enferma"
_PATIENT_NAMES = (
    "nombre del paciente|nombre de la paciente|nombre paciente|nombre y apellidos|apellidos y nombre|nombre completo"
)
# Labels of numbers that mean something else outside a clinical note.
_LOOSE = (
    "id|codigo|folio|licencia|documento|identificacion|cite|cui|run|dui|expediente|colegiado|cip|sip|tsi|afiliacion"
    "|numero de registro|no de registro|no de caso|numero de identificacion|no identificacion|poliza|matricula"
    "|no paciente|no documento|no de documento|numero de paciente"
)
# Later rows win.
_ROWS = (
    (_NAMES, Field("NOMBRE", "line")),
    (_SIGNERS, Field("NOMBRE", "sign")),
    (_PEOPLE, Field("NOMBRE", "name")),
    (_RELATIVES, Field("NOMBRE", "patient")),
    (_DATES, Field("FECHA", "date")),
    (_PLACES, Field("LUGAR", "line")),
    ("cp|c p|codigo postal", Field("LUGAR", "postcode")),
    (_HOSPITALS, Field("HOSPITAL", "line")),
    (_ADDRESSES, Field("DIRECCION", "line", clinical=False)),
    (_PATIENT, Field("NOMBRE", "patient", clinical=False)),
    (_PATIENT_NAMES, Field("NOMBRE", "line", clinical=False)),
    (_CODES, Field("ID", "code", clinical=False)),
    (_LOOSE, Field("ID", "code")),
)
FIELDS = {label: field for labels, field in _ROWS for label in labels.split("|")}

# Given names that are no word of medicine: what stands behind «Paciente:» is a person only when one of them begins it.
GIVEN = frozenset({
    "adrián", "agustín", "alba", "alberto", "alejandra", "alejandro", "alfonso", "alfredo", "alicia", "amparo", "ana",
    "andrea", "andres", "andrés", "angel", "antonia", "antonio", "ariadna", "arturo", "beatriz", "begoña", "belén",
    "benito", "bernardo", "blanca", "carla", "carlos", "carmen", "carolina", "catalina", "cecilia", "clara",
    "claudia", "concepción", "consuelo", "cristian", "cristina", "césar", "daniel", "daniela", "david", "diana",
    "diego", "dolores", "eduardo", "elena", "elisa", "emilia", "emilio", "encarnación", "enrique", "ernesto",
    "esteban", "esther", "eugenia", "eva", "felipe", "fernanda", "fernando", "francisca", "francisco", "gabriel",
    "gabriela", "gerardo", "germán", "gloria", "gonzalo", "guadalupe", "guillermo", "gustavo", "hugo", "héctor",
    "ignacio", "inmaculada", "inés", "irene", "isabel", "iván", "jaime", "javier", "jesus", "jesús", "joan",
    "joaquín", "jordi", "jorge", "jose", "josefa", "josefina", "josep", "josé", "juan", "juana", "julia", "julio",
    "julián", "laura", "leonardo", "leticia", "lorena", "lorenzo", "lourdes", "lucas", "lucia", "lucía", "luis",
    "luisa", "manuel", "manuela", "marc", "marcela", "marco", "marcos", "margarita", "maria", "mariana", "mariano",
    "mario", "marta", "martin", "martín", "maría", "mateo", "mercedes", "miguel", "miriam", "montserrat", "mónica",
    "natalia", "nicolás", "noelia", "nuria", "pablo", "paloma", "patricia", "paula", "pedro", "pilar", "rafael",
    "ramon", "ramón", "raquel", "raúl", "ricardo", "roberto", "rocío", "rodrigo", "rosa", "rosario", "rubén",
    "salvador", "samuel", "santiago", "sara", "sebastián", "sergio", "silvia", "sofia", "sofía", "sonia", "susana",
    "teresa", "tomas", "tomás", "valentina", "valeria", "vanesa", "verónica", "vicente", "victoria", "virginia",
    "víctor", "xavier", "yolanda", "álvaro", "ángel", "ángela", "óscar",
})  # fmt: skip
PROVINCES = (
    "Álava|Albacete|Alicante|Alacant|Almería|Asturias|Ávila|Badajoz|Barcelona|Bilbao|Bizkaia|Burgos"
    "|Cáceres|Cádiz|Cantabria|Castellón"
    "|Ceuta|Ciudad Real|Córdoba|Cuenca|Gerona|Girona|Gipuzkoa|Granada|Guadalajara|Guipúzcoa|Huelva|Huesca"
    "|(?:Islas )?Baleares|Illes Balears"
    "|Jaén|(?:La|A) Coruña|La Rioja|Las Palmas(?: de Gran Canaria)?|Las Palmas de GC|León|Lleida|Lérida"
    "|Logroño|Lugo|Madrid|Málaga|Melilla|Murcia|Navarra"
    "|Orense|Ourense|Oviedo|Palencia|Palma de Mallorca|Pamplona|Pontevedra|Salamanca|San Sebastián|Donostia|Santander"
    "|Santiago de Compostela|Santa Cruz de Tenerife|Segovia|Sevilla|Soria|Tarragona|Tenerife|Teruel"
    "|Toledo|Valencia|València|Valladolid|Vizcaya"
    "|Vigo|Gijón|Vitoria(?:-Gasteiz)?|Zamora|Zaragoza|Islas Canarias|Gran Canaria|Mallorca|Andalucía"
    "|Galicia|Cataluña|Extremadura|Aragón"
    "|Buenos Aires|Bogotá|Lima|Santiago de Chile|Caracas|La Habana|Quito|México D\\.? ?F\\.?"
    "|Ciudad de México|Montevideo|Medellín|Monterrey"
)
