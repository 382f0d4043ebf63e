"""The words and phrases that are not shown, by why: what `core.narrator.screening` looks for."""

import re

_PEOPLE = (
    r"(?:jews|jewish people|muslims|christians|hindus|gays|gay people|lesbians|blacks|black people|"
    r"whites|white people|asians|arabs|gyps(?:y|ies)|immigrants|migrants|foreigners|refugees|women|"
    r"(?:the )?disabled(?: people)?|queers|trans(?:gender)? people)"
)
_ONE = r"(?:jew|muslim|gay|lesbian|arab|gypsy|immigrant|migrant|foreigner|refugee)"
_ALL = r"(?:the |those |these |every |all |some |of )*"
_REMOVE = (  # as a call or a plan; what was done is told in the past
    r"(?:kill|exterminate|eradicate|annihilate|eliminate|slaughter|massacre|gas|hang|shoot|"
    r"burn|purge|"
    r"drown|lynch|stone|stab|rape|bomb|beat(?:ing)? up|round(?:ing)? up|line up|drive out|"
    r"wip(?:e|ing) out|get(?:ting)? rid of)"
)
_VERMIN = (
    r"(?:vermin|cockroach(?:es)?|sub-?humans?|parasites?|filth|plague rats|animals|scum|swine|pigs|"
    r"rats|dirt|trash|garbage|a disease|a plague|inferior|worthless|dirty|dogs)"
)
_KIN = (
    r"(?:teachers?|mother|father|mom|dad|brother|sister|wife|husband|famil(?:y|ies)|parents|"
    r"friends?|"
    r"classmates?|child(?:ren)?|kids?|neighbou?rs?|boss|baby)"
)
_BODY = (
    r"(?:fingers?|hands?|arms?|legs?|heads?|ears?|feet|foot|toes?|tongues?|hearts?|eyes?|throats?|"
    r"guts|nose)"
)
_LIVING = (
    r"(?:some(?:one|body)|people|a (?:man|woman|person|child|girl|boy)|an? (?:animal|dog|cat))"
)
_BEFORE_OWN = r"(?<!don't )(?<!do not )(?<!you'll )(?<!will )(?<!might )(?<!could )(?<!not )"


def _rule(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


SLUR = _rule(
    r"nigg(?:er|a)s?",
    r"fagg?ots?",
    r"kikes?",
    r"spics?",
    r"chinks?",
    r"trann(?:y|ies)",
    r"wetbacks?",
    r"gooks?",
)
SEXUAL = _rule(
    r"porn\w*",
    r"blow ?jobs?",
    r"hand ?jobs?",
    r"orgasm\w*",
    r"masturbat\w*",
    r"ejaculat\w*",
    r"erections?(?! of)",
    r"genitals?",
    r"clitoris",
    r"dildos?",
    r"cum(?:shots?|ming)",
    r"(?:had|have|having|has|wanted|wants) sex",
    r"kind of sex",
    r"naked bod(?:y|ies)",
    r"made love to (?:him|her)",
    r"(?:her|his) (?:bare |naked )?(?:breasts|nipples?)",
    r"undress(?:ed|es)? (?:her|him)(?!self)",
    r"(?:see|saw|watch(?:ed)?) (?:her|him) (?:naked|nude)",
    r"send (?:me )?(?:nudes|(?:nude|naked) \w+)",
    r"nudes",
    r"(?:with|in) lust",
    r"thrust(?:s|ed)? into (?:her|him)",
    r"entered (?:her|him)",
    r"grop(?:e|ed|es|ing)",
    r"thongs?",
    r"strippers?",
    r"between (?:her|his) thighs",
    r"prostitutes?",
    r"took off all (?:her|his) clothes",
    r"take (?:her|him) to bed",
    r"talk(?:ed)? dirty",
    r"rap(?:e|ed|es|ing|ists?)",
)
HATRED = _rule(
    rf"{_REMOVE} (?:\w+ )?{_ALL}(?<!egg ){_PEOPLE}(?!')",
    rf"{_REMOVE} (?:every|any|each) {_ONE}",
    rf"{_PEOPLE} (?:\w+ ){{0,3}}(?:are|is) (?:\w+ ){{0,2}}{_VERMIN}",
    rf"{_PEOPLE} are (?:\w+ )?not (?:\w+ )?(?:human|people)",
    rf"{_PEOPLE} (?:(?:should|must|ought to|need to|have to|do|deserve) )+(?:not |all |to )*"
    r"(?:be )?(?:die|dead|live|beaten|killed|hanged|hung|shot|drowned|burned|gassed|put in|"
    r"locked|punished)",
    rf"the only good (?:{_ONE}|\w+) is a dead",
    rf"death to {_ALL}{_PEOPLE}",
    rf"hates? (?:all |every )(?:{_PEOPLE}|{_ONE})",
    rf"hopes? (?:that )?{_ALL}(?:{_PEOPLE}) (?:will )?(?:all )?die",
    rf"(?:send|put) {_ALL}{_PEOPLE} (?:to|in|into) (?:the )?(?:ovens?|camps?|gas)",
    r"(?:the|a) master race",
)
HARM = _rule(
    r"how to (?:make|build|cook|mix)(?: (?!bath)\w+){0,3} (?:(?<!bath )bombs?|explosives?|"
    r"nerve gas|meth|napalm|"
    r"molotov\w*)",
    r"(?:cook|cooking|cooked) meth",
    r"(?:make|build|plant) (?:a|the) (?:pipe )?bomb(?!s)",
    rf"how to (?:poison|kill|strangle|murder|hurt|stab|drug|torture|abuse) {_LIVING}",
    r"how to poison the (?:town|city|village|water)\w*",
    r"without (?:leaving a trace|being caught)",
    r"get away with murder",
    r"a deadly gas",
    r"shoot up (?:the|a|my|our)",
    r"shoot everyone",
    r"(?:bring|take) a gun to school",
    rf"(?:kill|murder|stab|strangle|poison|rape) (?:your|all the|my) {_KIN}",
    rf"(?:beat|hit|starve) your {_KIN} (?:\w+ )?until",
    r"shoot the (?:president|teachers?|children|crowd)",
    r"set fire to (?:your|their|his|her) (?:house|home)",
    r"set the (?:dog|cat|kitten|puppy)s? on fire",
    r"torture the (?:dog|cat|kitten|puppy|animal)s?",
    r"poison in (?:your|his|her|their) (?:\w+'s )?(?:tea|food|drink|soup)",
    r"(?:will|going to|let us|let's) (?:massacre|bomb|blow up)",
    r"plan (?:a|the) massacre",
    r"massacre (?:them|everyone|everybody|all)",
)
SELF_HARM = _rule(
    r"(?:kill|hang) (?:your|ur)self(?! (?:an?|some|the)\b)",
    rf"{_BEFORE_OWN}(?:cut|hurt|harm|drown|starve) (?:your|ur)self(?! (?:an?|some|the)\b)",
    r"kys",
    r"go (?:and )?die already",
    r"(?:cut|slit|slash)(?:ting)? your (?:wrists?|veins?)",
    r"end your (?:own )?life",
    r"commit suicide",
    r"suicide is",
    r"drink (?:the |some )?bleach",
    r"(?:take|swallow) all (?:the|your|of) (?:\w+ )?pills(?! of| they)",
    r"nobody (?:will|would) miss you",
    r"world would be better without you",
    r"stop eating,? and you will",
    r"never wake up again, you deserve",
)
THREAT = _rule(  # what villains say: not for children
    r"(?:will|going to|gonna|'ll) (?:kill|murder|stab|shoot|strangle|hurt|cut up) (?:you|him|"
    r"her|them)(?! with)",
    r"(?:cut|slit) your throat",
    r"where you live,? and (?:\w+ ){0,2}(?:hurt|kill|cut|get)",
)
COARSE = _rule(
    r"(?:mother)?fuck\w*",
    r"(?:bull)?shit(?:s|ty|ting|head)?",
    r"cunts?",
    r"bitch(?:es|y)?",
    r"(?:ass|arse)(?:holes?)",
    r"(?:kiss|your|my|his|her) ass",
    r"(?:dumb|jack|smart)ass(?:es)?",
    r"bastards?(?! sword)",
    r"wank(?:ers?|ing)",
    r"whores?",
    r"sluts?",
    r"pricks?(?! of| up| his| her| its| the)",
    r"twats?",
    r"piss(?:ed)? off",
    r"arse",
    r"dickheads?",
    r"cocksuckers?",
)
COARSE_SMALL = re.compile(
    r"\b(?<!spotted )(?:dick|dicks|cocks?)\b(?!-)"
)  # with a capital they are names
MASKED = re.compile(
    r"\b(?:f[\W_]{0,2}[u*@#v][\W_]{0,2}[c*#][\W_]{0,2}[k*#]|f\*{1,2}k|sh[1!*]+t|b[1!*]tch|"
    r"c[*]nt|a[$]{2}|a\*\*)",
    re.IGNORECASE,
)
GORE = _rule(
    r"disembowel\w*",
    r"decapitat\w*",
    r"dismember\w*",
    r"gouged? out",
    r"entrails",
    r"intestines",
    r"severed \w+",
    r"(?:slit|cut) (?:his|her|their|its) throats?",
    r"brains? (?:splattered|ran|spilled)",
    r"(?:chop|hack|saw|cut|slice|tear|rip|bite)s?(?:p?ed|ting)? off "
    rf"(?:his|her|their|its|the \w+'s) (?:\w+ )?{_BODY}",
    rf"(?:tore|ripped|cut|pulled|tearing) out (?:his|her|their|its) (?:\w+ )?{_BODY}",
    r"skulls? (?:was|were) (?:crushed|smashed|split)",
    r"skinned (?:\w+ ){0,2}alive",
    r"mutilat\w*",
    r"maggots",
    r"blood (?:sprayed|gushed|spurted|splattered|poured)",
    r"soaked in blood",
    r"pools? of blood",
    r"bathed in (?:the )?blood",
    r"(?:blood|brains) and guts",
    r"guts (?:hung|spilled)",
    r"impal(?:e|ed|es|ing)",
    r"bloody pulp",
    r"bleed out",
    r"flesh fell",
    r"the stump of (?:his|her)",
    r"bone of the screaming",
    r"head rolled off",
)
VERMIN_AND_REMOVED = (
    _rule(
        rf"(?:they|them|those people|these people)\b.{{0,60}}\b{_VERMIN}|{_VERMIN}"
        r"\b.{0,60}\b(?:they|them|those people|these people)"
    ),
    _rule(rf"{_REMOVE} (?:\w+ )?(?:them|those people|these people|the lot of them|\w+ of them)"),
)
BEASTS = re.compile(
    r"\b(?:rats?|mice|mouse|moths?|ants?|termites?|insects?|bugs?|locusts?|fleas?|cellar|"
    r"crops?|soil|"
    r"pests?|barn|granary|gardener|weeds?)\b",
    re.IGNORECASE,
)
