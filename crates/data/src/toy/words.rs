//! The planted classes of the toy corpus: sets of words in order of frequency, and unions of sets.

/// A set of words that fit into the same slot. If a class has several sets, their words share most contexts and differ in
/// some: a cat and a cow both eat, but only the cat sleeps on the sofa.
pub(super) struct Set {
    /// The name of its slot in templates.
    pub name: &'static str,
    /// The class it belongs to, for the answer key.
    pub class: &'static str,
    /// Its words, separated by spaces, most frequent first.
    pub words: &'static str,
}

const fn set(class: &'static str, name: &'static str, words: &'static str) -> Set {
    Set { name, class, words }
}

/// All sets. `chicken`, `fish` and `orange` belong to two classes, as ambiguous words do.
pub(super) const SETS: &[Set] = &[
    set("animal", "pet", "cat dog rabbit hamster parrot puppy kitten"),
    set("animal", "farm", "horse cow sheep pig chicken goat duck donkey goose"),
    set("animal", "wild", "fox bear wolf fish owl frog deer lion monkey mouse tiger"),
    set("food", "fruit", "apple banana orange pear cherry lemon plum peach"),
    set("food", "dish", "bread soup cake cheese rice fish pie chicken honey stew pasta butter salad"),
    set("drink", "drink", "water milk tea juice coffee lemonade cocoa"),
    set("place", "town", "park school market library station museum bakery castle harbour theatre"),
    set("place", "country", "forest river lake beach hill meadow valley island cave"),
    set("vehicle", "road", "car bus bike truck taxi tram train wagon scooter"),
    set("vehicle", "water", "boat ship ferry canoe raft"),
    set("vehicle", "air", "plane balloon helicopter glider"),
    set("person", "woman", "queen woman girl mother sister princess aunt grandmother"),
    set("person", "man", "king man boy father brother prince uncle grandfather"),
    set("person", "worker", "teacher doctor farmer baker painter nurse pilot singer sailor writer"),
    set("name", "she", "lily anna mia sara emma lucy nora ella"),
    set("name", "he", "tom ben max sam leo jack paul oscar"),
    set("feeling", "glad", "happy proud calm excited cheerful brave curious thankful"),
    set("feeling", "upset", "sad angry scared tired lonely worried bored jealous"),
    set("colour", "colour", "red blue green white black yellow brown orange pink purple grey"),
    set("size", "size", "big small little old new tiny huge young tall"),
    set("clothes", "clothes", "hat coat dress shirt scarf jacket sweater cap belt apron"),
    set("tool", "tool", "hammer brush rope bucket lamp needle saw shovel ladder broom knife"),
    set("instrument", "instrument", "piano guitar drum violin flute trumpet harp"),
    set("weather", "weather", "sunny rainy windy cold warm snowy cloudy foggy stormy"),
    set("day", "day", "monday tuesday wednesday thursday friday saturday sunday"),
    set("daytime", "daytime", "morning evening afternoon night noon midnight"),
    set("number", "number", "two three four five six seven eight nine ten"),
    set("motion", "motion", "ran walked hurried wandered jumped raced crept marched strolled"),
];

/// Unions of sets, by the name of their slot in templates.
pub(super) const UNIONS: &[(&str, &[&str])] = &[
    ("animal", &["pet", "farm", "wild"]),
    ("food", &["fruit", "dish"]),
    ("place", &["town", "country"]),
    ("vehicle", &["road", "water", "air"]),
    ("person", &["woman", "man", "worker"]),
    ("name", &["she", "he"]),
    ("feeling", &["glad", "upset"]),
    // Unions across classes.
    ("mover", &["pet", "farm", "wild", "road", "water", "air", "woman", "man", "worker"]),
    ("thing", &["fruit", "dish", "drink", "clothes", "tool", "instrument"]),
    ("quality", &["colour", "size", "glad", "upset", "weather"]),
    ("time", &["day", "daytime"]),
];
