"""English words around the nouns: which are known, and which change nothing in what is asked."""

from __future__ import annotations

_COMMON_TEXT = """
    able above according across actual add after afternoon again ago air allow alone already although among amount
    another answer anybody anyhow anymore anytime appear area areas asked asking available away back bad base become
    been began behind belongs better big bit both bottom bring brought build built busy buy call called came cannot
    care carry case catch cause certain chance change check choose clear clearly close closed closely coming common
    complete consider contain continue cook cooking cool correct cost course cut dark day deal decide different
    difficult dinner directly doing done draw drink drop during each early easily easy eat either empty english enjoy
    entire entry equal even evening event ever every exact example expect explain eye eyes fact fall family feel felt
    few field fill final fine finish fire fit five fixed follow food force foot forward found four free friend full
    general get gets getting glad gone good got great group grow had half happen hard has head hear heard heart heat
    heavy held help her here hers herself high him himself his hold hope hot hour hours hundred idea important include
    inside instead into issue job join just keep kept kind knew know known land late later learn least left less let
    letter level likely line little live lived long longest look looks lost lot lots loud low lunch made mainly make
    making man manner map mark matter maybe mean meet middle might mind mine minute minutes miss moment money more
    moreover morning most mostly mother move moved much must myself near nearly need neither never new news next nice
    night none nor normal not note nothing notice now number obvious of off offer often old once only onto open
    opinion opposite order other others otherwise ought our ours outdoors outside own page paint part particular parts
    pass past path people perhaps person piece pieces plan play point possible prefer present pretty probably problem
    proper properly public quick quickly quiet quite ran rather reach read ready real really reason rest result return
    rich ride rise road run safe safely said same save saw say scan scene seat second seem seen self send sense sent
    serve several shape share sharp she short should show side sign simple simply since single site six sleep sleeping
    slow small smart soft some somebody someone something sometimes soon sort sound south speak special spend spoke
    stay step still straight strong study such suddenly sun sure surely switch table take talk task taught teach ten
    test than that their them themselves then these they thing think third those though thought three through
    throughout thus till times tired today together tonight too took top total touch toward town tried trip true truly
    try trying turn under understand unless unlike until upon use used useful using usual usually various view visit
    voice wait waiting walk wall want wants warm wash watch way ways wear week well went west wet wheel whenever
    wherever while white whoever whose why will wind wish within without word words work works world worth write wrong
    year years yes yet young yours north east meaning simply sorry sofa's round
"""
_GRAMMAR_TEXT = """
    one plus minus positive negative axis anywhere everywhere elsewhere whole per it's them they their two three stand
    stood sit lay hang hung round around relocate relocating carry transfer drag nudge may might must shall drive
    driving entering enter entered leave leaving next own got whats wats was were being somewhere nowhere exactly
    house homes separates separate between else possible enough left unused could us everything anyone nobody everyone
    something spare good best better suitable suit suits stored store keep kept hide hidden hid search searching wish
    wonder wondering say said says count counted counting enumerate describe described overall approximate
    approximately about roughly length lengths cover covers covered occupy occupies use uses using take takes taken
    needs need needed made make makes small tiny huge giant large largest mean means meant thanks thank hello hi hey
    okay hall halls upstairs downstairs inner outer interior exterior rows row edge edges corner corners side sides
    sized sqm step steps start starting starts begin beginning end ends ended until till since again once twice only
    very really quite too also even still already yet never always often maybe hand arrange arranged orders sequence
    timeline earlier later earliest latest relative seems shown showing shows became become measure measures hey
    lamp's reached destination perform following actions action note choose either turning how many much far long tall
    high wide deep large big small is are was were be the a an any some this that these those there here what which
    where who when why in on at to from of for by with and or not between next left right front back behind above
    below under over inside near beside close closest nearest farthest furthest closer nearer distance size area
    height width length depth dimension dimensions volume number count total object objects thing things room rooms
    door doors window windows wall walls i me my you your robot we our it its do does did can could should would will
    have has see seen find show list name locate point tell give standing stand facing face looking look turn turned
    order first last appear appears appearance appeared category categories following video measure measured measuring
    meter meters metre metres centimeter centimeters square feet foot inch inches get go walk move drive way route
    path place put add shift push pull slide toward towards away along against corner middle center centre each every
    all other another than bigger larger smaller taller longer shorter wider higher lower biggest largest smallest
    tallest longest widest highest lowest shortest apart gap space free clearance horizontal horizontally closest
    point edge reach belong located contain contains position location coordinates located stands sits hangs going
    take bring me myself yourself if am then would whether both same half quarter exist exists anything something else
    options left-hand side direction relative standing view before after second third forward backward backwards
    straight opposite adjacent underneath beneath top bottom ahead surrounding describe home house apartment flat
    navigate directions reach pass through visible spot spots items item furniture walking moving coming sort rank
    please present available used size sized combined entire whole floor plan ground rotate fit fits possible
    impossible room's safe want like know come came noticed notice encounter encountered sequence dimension occupied
    red green blue white black brown grey gray yellow wooden metal old new round suppose imagine assume suppose
    assuming been so up down out separates separate separating instances instance multiple seeing hold holds quickest
    shortest fastest leads lead guide travel within spacious compared many lie lies sit sitting lying hanging placed
    highlight select identify ground mark ask question answer answers question system instruction instructions open
    close ignore previous reveal prompt life meaning love time weather today tomorrow who whom because story joke poem
    write code run execute start stop speak sing colour color kind type fridge opens secret forget delete drop shut
"""
GRAMMAR_WORDS = frozenset(_GRAMMAR_TEXT.split())
COMMON_WORDS = frozenset(_COMMON_TEXT.split())
"""Other English words: never taken for misspelt ones, nor used to mend any."""

_FOREIGN_TEXT = """
    open opens opened ignore previous reveal prompt life meaning love time weather today tomorrow who whom whose why
    story joke poem write code run execute speak sing colour color secret forget delete drop shut system
    instruction instructions not without except never red green blue white black brown grey gray yellow wooden metal
    sleep because everyone nobody wear eat buy cost weigh weight heavy price brand made material age temperature clean
    dirty comfortable work works working
"""
_FRIENDLY_TEXT = """
    anybody somebody contents eye eyes gaze living overview summary description inventory rundown chronological sat
    seated tucked tuck stick roomy spacious broad bulky xy whole sighting discovery headcount surround proximity
    exactly hunting check verify rank happen position positions bounding found current surface greater as confirm set
    fill distant cannot mean meant earth heck hell goodness exact closer spare able according actually after again ago
    all alone already also although among another anyway appear area ask back become begin begins both called
    carefully certain chance clear clearly come complete consider correct curious currently detailed different
    directly easily either enough exact exactly explain far few final finally first forth further general given glad
    good got great happen happened hear help hence hi hold hope i'd idea imagine in indeed information instead
    interested interesting into job just keep kind knows least let's likely limits list listed lot made main mainly
    mean mentioned might mind minus moment more most much must namely nearly need nice normally of off only opinion or
    ought out own particular pass past perhaps plus point points possibly presently probably question quick quickly
    quite rather ready real really recent recently right roughly said same sake say see seem seems sense several shall
    should simply single so some something soon sort specifically still straight such suppose sure surely taken than
    thing think though through thus to together told took top total toward true try turn typically unless until up us
    use usually various very view visible way well what whatever whenever wherever whichever while will willing wish
    wonder would yes yet you cm mm m ft metre metres inch surrounded surrounds happens stretch stretches span spans
    measure measured measures extent extends reaches reading value figure estimate estimated calculate compute answer
    reply guess needed required wanted curious inform regarding concerning about detect detected detects detecting
    spot spotted spots identify identified observed observe observes scanned scan scanning mapped recorded register
    registered recognise recognize recognised noted notice noticed glimpse remember recall turns ways option options
    choose chosen pick picked select selected between versus vs compared comparing comparison separation separates
    separated separate gap clearance span breadth apart stay stays standing visit cross crossing traverse start starts
    started starting end ends ended destination reach walk walks walked drive drives driven goes gone head heads
    heading forward forwards backward backwards onward leftwards rightwards sideways clockwise anticlockwise degrees
    turned relocate relocated rearrange arranged shove shoved haul hauled yank tug tugged swap shifted pushed pulled
    slid dragged placed putting setting installing stack stacked rest rests propped leaning leans mount mounted hung
    squeeze squeezed accommodate accommodates contain contains included includes including lives house houses situated
    sits exist existent existing presence absent missing whole altogether grand sum tally quantity amounts amount
    counted counts lovely cheers ta mate buddy dear sir madam ma'am folks thank thanks kindly fancy please cheers
    grateful appreciate appreciated minute second sec real quick hang lemme gimme wanna gonna gotta kinda sorta y'all
    em ya yeah yep nope ok okay alright hmm um uh er erm oh ah well like basically literally
"""
_FOREIGN = frozenset(_FOREIGN_TEXT.split())
BENIGN = (GRAMMAR_WORDS | frozenset(_FRIENDLY_TEXT.split())) - _FOREIGN
"""Words that may stand around the noun phrases of a question without changing what is asked."""

_ENDINGS = (
    ("ies", "y"),
    ("ing", ""),
    ("ing", "e"),
    ("es", ""),
    ("ed", ""),
    ("ed", "e"),
    ("ly", ""),
    ("er", ""),
    ("s", ""),
)


def stems(word: str) -> frozenset[str]:
    """A word, and what is left of it without an ending: `moved` is `move`, `sitting` is `sit`."""
    found = {word}
    for ending, instead in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3:
            found.add(stem + instead)
            if len(stem) > 3 and stem[-1] == stem[-2]:
                found.add(stem[:-1])
    return frozenset(found)


def is_benign(word: str) -> bool:
    """Whether a word may stand in a question without changing what is asked."""
    return not stems(word).isdisjoint(BENIGN) and stems(word).isdisjoint(_FOREIGN)


def is_foreign(word: str) -> bool:
    """Whether a word asks for what geometry cannot tell."""
    return not stems(word).isdisjoint(_FOREIGN)


def is_common(word: str) -> bool:
    """Whether a word is ordinary English, and so no misspelt name of a thing."""
    return not stems(word).isdisjoint(COMMON_WORDS | BENIGN)
