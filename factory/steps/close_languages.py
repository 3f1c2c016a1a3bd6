"""What tells Spanish from its neighbours: function words and spellings, as log-odds.

fastText's small model sees character n-grams that close languages share. Function words are the part of a
language that cannot be avoided and is seldom borrowed; each list was written from grammars of the language, not
from any corpus. A word that several lists hold says little and weighs little.
"""

from __future__ import annotations

import re
from collections import Counter

FUNCTION_WORDS: dict[str, str] = {
    "es": """el la los las un una unos unas lo al del de a en con por para sin sobre entre hasta desde hacia según
        durante contra tras ante bajo y e o u ni pero sino aunque porque pues que qué quien quién cual cuál cuyo donde dónde
        cuando cuándo como cómo cuanto si no sí también tampoco ya aún todavía muy más menos mucho mucha muchos muchas poco
        pocos todo toda todos todas cada otro otra otros otras mismo misma este esta estos estas ese esa esos esas
        esto eso aquel aquella aquello yo tú él ella ello nosotros ellos ellas usted ustedes me te se le les nos os
        mi mis tu tus su sus nuestro nuestra es son era eran fue fueron ser sido siendo está están estaba estar
        ha han había haber hay he hemos hizo hace hacer hacen tiene tienen tenía tener puede pueden podía poder debe deben
        va van ir así bien mal siempre nunca jamás luego entonces después antes ahora hoy ayer mañana aquí ahí allí
        algo alguien alguno alguna algunos algunas nada nadie ningún ninguna muy tan tanto mientras además sólo solo
        hola gracias año años día días vez veces parte dos tres cuatro cinco seis siete ocho nueve diez primer primera
        dijo dice señor hombre mujer vida mundo cosa gente espero cree sea sean fuera hubiera nuestros esté les derechos todos
        estas quien recibe tenga tengan haya hayan pronto grandes mejor peor nuevo nueva nuevos nuevas
        paciente pacientes dolor tratamiento enfermedad enfermedades diagnóstico síntomas signos izquierdo izquierda derecho
        derecha mujer varón edad antecedentes exploración analítica infección fiebre sangre presión arterial corazón pulmón
        hígado riñón cabeza cuello piel hueso dosis comprimido comprimidos planta plantas hierba infusión uso niños embarazo
        lesión lesiones cirugía ingreso alta urgencias evolución presenta refiere niega acude normal aumento disminución""",
    "ca": """el la els les un una uns unes lo al als del dels pel pels de a en amb per sense sobre entre fins des cap segons
        durant contra darrere davant sota i o ni però sinó encara perquè doncs que què qui qual quals on quan com quant si no sí
        també tampoc ja molt més menys molta molts moltes poc pocs tot tota tots totes cada altre altra altres
        mateix mateixa aquest aquesta aquests aquestes aquell aquella això allò jo tu ell ella nosaltres vosaltres ells elles
        em et es se li ens us els m t s n hi ho en ne meu meva teu seva seu seus seves nostre nostra és són era eren fou
        ser estat està estan estava estar ha han havia haver hi he hem fa fan fer feia té tenen tenia tenir pot poden podia poder
        ha de va van vaig anar així bé mal sempre mai llavors després abans ara avui ahir demà aquí allà
        alguna algun alguns algunes res ningú cap massa tan tant mentre només any anys dia dies vegada vegades part dos dues tres món home dona gent ciutat carrer poble festa
        quatre cinc sis set vuit nou deu primer primera d l dins fins cal pels gens gaire gran molt bon seva això""",
    "pt": """o a os as um uma uns umas ao aos à às do da dos das no na nos nas num numa pelo pela pelos pelas de em com por
        para sem sobre entre até desde segundo durante contra após perante sob e ou nem mas porém embora porque pois que
        quem qual cujo onde quando como quanto se não sim também já ainda muito muita muitos muitas mais menos pouco
        todo toda todos todas cada outro outra outros outras mesmo mesma este esta estes estas esse essa isso isto aquele aquela
        eu tu ele ela nós eles elas você vocês me te se lhe lhes nos vos meu minha teu seu sua seus suas nosso
        é são era eram foi foram ser sido está estão estava estar há haver havia tem têm tinha ter pode podem poder deve
        faz fazer fez vai vão ir assim bem mal sempre nunca depois antes agora hoje ontem aqui ali algo alguém algum alguma
        alguns nada ninguém nenhum tão tanto enquanto só ano anos dia dias vez vezes dois duas três quatro cinco pela""",
    "gl": """o a os as un unha uns unhas ao aos á ás do da dos das no na nos nas nun nunha polo pola polos polas de en con por
        para sen sobre entre ata desde segundo durante contra tras ante baixo e ou nin pero senón aínda porque pois que quen
        cal cales cuxo onde cando como canto se non si tamén tampouco xa moi máis menos moito moita moitos moitas pouco todo toda
        todos todas cada outro outra outros mesmo mesma este esta estes estas ese esa isto iso aquel aquela eu ti el ela nós
        eles elas vostede me te se lle lles nos vos meu miña teu túa seu súa seus súas noso nosa é son era eran foi foron ser sido
        está están estaba estar hai haber había ten teñen tiña ter pode poden poder debe fai facer fixo vai van ir así ben
        mal sempre nunca logo despois antes agora hoxe onte aquí alí algo alguén algún algunha nada ninguén ningún tan tanto
        mentres só ano anos día días vez veces dous dúas tres catro cinco persoa persoas dereito toda ó ós""",
    "it": """il lo la i gli le un uno una al allo alla ai agli alle del dello della dei degli delle nel nello nella nei negli
        nelle dal dalla dai sul sulla sui col di a da in con su per tra fra senza sopra sotto verso secondo durante
        contro e ed o né ma però anche perché poiché che chi cui quale quali dove quando come quanto se non sì già ancora
        molto molta molti molte più meno poco tutto tutta tutti tutte ogni altro altra altri altre stesso questo questa questi
        queste quello quella quei io tu lui lei noi voi loro mi ti si ci vi gli ne mio mia suo sua suoi nostro è sono era
        erano fu essere stato sta stanno ha hanno aveva avere ho può possono deve fa fare va così bene male sempre mai poi prima
        dopo ora oggi ieri qui là qualcosa qualche alcuni niente nessuno tanto mentre solo anno anni giorno due tre
        quattro cinque sei sette otto nove dieci dell all nell dall sull l un c d""",
    "la": """et in ad ex ab de cum per pro sine sub inter ante post contra apud propter ac atque aut vel sed nec neque enim
        autem nam igitur ergo etiam quoque quod quia ut ne si non est sunt erat erant fuit fuerunt esse fuisse sit sint
        qui quae quod quem quam cuius cui quorum quibus hic haec hoc huius hunc hanc his is ea id eius eum eam eorum eis ille
        illa illud ipse ipsa ipsi ipsum idem eadem sui sibi se suus suam suum suis suo me te nos vos mihi tibi omnes omnia
        omnium nihil nullus ubi unde quando quasi tamen inde ibi iam nunc tum deinde post postea saepe semper usque anno
        annis die dies annus nomine vocatur dicitur habet urbs populus rex natus mortuus inter e a circiter secundum atque primus
        duo tres quattuor quinque sex causa autem sive item quidem nominant nomen initio""",
    "ro": """și si în in la de cu pe din pentru prin fără fara sub peste între intre spre după dupa până pana ca că să sa
        nu este sunt era erau fi fost a au am ai are avea avem poate pot trebuie face fac un o unei unui unor cel cea cei
        cele al ale lui ei lor îi ii îl il îmi imi ne vă va le se mă ma te acest această aceasta acești acest acestea acela
        acel care ce cine unde când cand cum cât cat dacă daca dar sau ori nici mai foarte mult mulți multe puțin tot toate
        toți fiecare alt alte altă altă numai doar încă inca deja acum azi ieri aici acolo nimic nimeni astfel așa asa
        bine an ani zi zile dintre despre către catre asupra asupra sau intr într dintr eu tu el ea noi voi ele meu mea său sale
        nostru sus jos doua două trei patru cinci prea cand atât atat""",
    "fr": """le la les un une des du de au aux en dans avec par pour sans sur sous entre vers chez selon pendant contre après
        avant et ou ni mais donc car que qui quoi dont où quand comme si ne pas non oui aussi encore déjà très plus moins
        beaucoup peu tout toute tous toutes chaque autre autres même ce cet cette ces cela ceci celui celle je tu il elle nous vous
        ils elles me te se lui leur y mon ma mes ton ta son sa ses notre nos votre est sont était étaient fut être été a ont
        avait avoir ai peut peuvent doit fait faire va ainsi bien mal toujours jamais puis alors maintenant ici là rien
        personne aucun tant pendant seulement an ans année jour deux trois quatre cinq d l j n s c qu m t""",
    "ast": """el la los les un una unos unes lo al del de a en con por pa sin sobre ente hasta dende según escontra baxo y o nin
        pero anque porque pues que quien cuál ónde onde cuando como cuantu si non nun sí tamién tampoco ya entá mui más menos
        munchu muncho munches munchos poco tou toa toos toes cada otru otra otros otres mesmu mesma esti esta estos estes
        esi esa esos eses esto eso aquel aquella yo tu elli ella nós ellos elles me te se-y -yos ye son yera yeren foi
        foron ser sío ta tán taba tar hai haber había tien tienen tenía tener pue pueden debe fai facer fixo va van dir asina
        bien mal siempre enxamás llueu depués enantes agora güei equí ellí daqué daquién nada naide dengún tan mentes namás
        añu años día díes vegada dos tres cuatro cinco tolos toles xente del nel na pola pol persona drechu llibertá""",
    "eu": """eta edo ez da dira zen ziren izan du dute zuen zituen den dela dituen bat batek baten bere bera hau hori hura
        hauek horiek baina ere baino bai oso gehiago gutxi guzti guztiak beste batzuk zer nor non noiz nola zergatik
        bezala arte gabe gain ondoren aurretik orain gaur hemen han egin egiten dago daude dut dugu ditu nire zure gure
        behar nahi ahal urte egun lan izango bezain artean buruz izateko""",
    "en": """the a an and or but of in on at to for with by from without about into over under between is are was were be been
        being has have had do does did can could will would shall should may might must not no yes this that these those
        it its he she they we you i his her their our your my who which what when where why how all any some more most
        other such than then there here if as also only very one two""",
}
_LISTS = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}
_HOLDERS = Counter(word for words in _LISTS.values() for word in words)

# Spellings that a language has and its neighbours lack, or the reverse; weights are in the same log-odds as words.
_SPELLINGS: tuple[tuple[re.Pattern[str], dict[str, float]], ...] = tuple(
    (re.compile(pattern), weights)
    for pattern, weights in (
        (r"[¿¡]", {"es": 2.0, "ast": 1.0, "gl": 0.5}),
        (r"ñ", {"es": 1.0, "ast": 1.0, "gl": 0.8, "ca": -1.5, "pt": -1.5, "it": -1.5, "la": -1.5, "ro": -1.5}),
        (r"[àèòï]", {"es": -1.5, "ast": -1.5, "ca": 1.0, "it": 0.5, "fr": 0.5}),
        (r"ç", {"es": -1.5, "gl": -1.0, "ast": -1.0, "ca": 0.8, "pt": 0.8, "fr": 0.5}),
        (r"[ãõ]|[êô]", {"es": -1.5, "ca": -1.0, "gl": -1.0, "pt": 1.5}),
        (r"[ăâîșțşţ]", {"es": -1.5, "ro": 1.5}),
        (r"l·l|\bny|ny\b|nya|nyo|tge|tja|tx", {"es": -1.0, "ca": 1.0}),
        (r"\b[dlmnst]['’]\w", {"es": -1.5, "gl": -1.0, "ca": 1.0, "fr": 0.6, "it": 0.6}),
        (r"ció\b|cions\b|itat\b|tzar\b|\bl[aei]s? [^ ]+ment\b", {"es": -1.0, "ca": 1.0}),
        (r"ción\b|ciones\b", {"es": 0.8, "gl": 0.5, "ast": 0.6}),
        (r"ções\b|ção\b|agem\b|inho|lh[aeo]|nh[aeo]", {"es": -0.8, "pt": 1.0}),
        (r"idade\b|\bx[aeiouáéíóú]|eiro\b|eira\b|ión\b(?<=xión)", {"es": -0.6, "gl": 0.8, "pt": 0.3}),
        (r"idad\b|ieron\b|aron\b|iendo\b|mente\b|ería\b", {"es": 0.6}),
        (r"zion[ei]\b|ggi|cch|zz|gli[aoe]?\b|[aeiou]tà\b|ssim[oi]\b", {"es": -0.8, "it": 1.0}),
        (r"(?:orum|arum|ibus|tur|unt|ae|um|us|am|em|que|tis)\b", {"la": 0.35, "es": -0.1}),
        (r"(?:ul|ului|ilor|esc|eaz[aă]|ea|ii|uri)\b", {"ro": 0.5, "es": -0.1}),
        (r"t[zx]|[aeiou]k\b|ak\b|ko\b|aren\b|tze", {"eu": 0.5, "es": -0.2}),
        (r"\b\w+(?:ats|ets|ens|ns|ts|rs|ls|ms|ques|eix\w*|uix)\b", {"ca": 0.5, "es": -0.4}),
        (r"\b\w+(?:[aeo]u|x)\b", {"ca": 0.3, "es": -0.3}),
        (r"ll\b|ig\b|\bll\w+ts?\b", {"ca": 0.5, "es": -0.6}),
        # Native Spanish words end in a vowel or in d, l, n, r, s, z, y, j.
        (
            r"\w{2,}[aeiouàèéíòóú][bcfgkmptvç]\b",
            {"es": -0.5, "gl": -0.2, "ast": -0.2, "pt": -0.2, "ca": 0.35, "eu": 0.1},
        ),
        (r"\w[lmnrstdc][oó]gia\b|\w{3,}[rgfp]ia\b", {"es": -0.5, "ca": 0.3, "it": 0.3, "pt": 0.1}),
        (r"\w{3,}[aàeèoò]nt\b|ment\b|\w{2,}ss\w+|\w+[aeiou]nç\w+", {"es": -0.6, "ca": 0.4, "fr": 0.3}),
        (r"ss|tt|pp|ff|bb|dd|gg|ck|th|ph|w|k", {"es": -0.25}),
        (r"\b\w*(?:gíen|diend|vieron|hues|hie|lluv|ñ)\w*", {"es": 0.4}),
    )
)
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
# A function word only one list holds counts as much as a factor of three in probability; one that two hold, half.
_WORD_WEIGHT = 1.1
# Beyond this a language is out, whatever fastText says.
_MOST = 16.0


def evidence(text: str) -> dict[str, float]:
    """Log-odds of each known language against the one the lower-cased text shows most of; 0 for that one."""
    scores = dict.fromkeys(_LISTS, 0.0)
    words = _TOKEN.findall(text)
    for word in words:
        holders = _HOLDERS.get(word)
        if holders and holders <= 5:
            for language, known in _LISTS.items():
                if word in known:
                    scores[language] += _WORD_WEIGHT / holders
    for pattern, weights in _SPELLINGS:
        found = min(4, len(pattern.findall(text)))
        for language, weight in weights.items() if found else ():
            scores[language] += weight * found
    scale = min(1.0, 6 / max(1, len(words)) ** 0.5)
    best = max(0.0, *scores.values())
    return {language: max(-_MOST, (score - best) * scale) for language, score in scores.items()}
