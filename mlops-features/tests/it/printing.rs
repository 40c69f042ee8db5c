//! Definitions as tables and graphs, and where numbers come from.

use std::collections::BTreeSet;
use std::time::Duration;

use mlops_core::{Dataset, SlotEncoder, Timestamp};
use mlops_features::{
    Availability, Catalog, EventLog, Feature, FeatureError, FeatureSet, FittedFeatures, Lineage, Nulls, Source,
    Step, Unknown, View, Window, column, gather_history, weekday,
};
use proptest::prelude::*;
use serde_json::json;

use crate::rows::{batch, fit, labels, row, set, set_over_time, some_fit};

const HOUR: Duration = Duration::from_secs(3600);

/// Views, windows, functions, and products of products.
fn flights() -> FeatureSet {
    FeatureSet::builder("flights", "at")
        .ints(&["n", "distance"])
        .categories(&["key", "dest"])
        .sources([
            Source::new("weather", "measured").known_after(HOUR / 2).texts(&["key"]).floats(&["temp", "wind"]),
            Source::new("arrivals", "landed").known_at("told").texts(&["key"]).ints(&["n"]).floats(&["delay"]),
        ])
        .views([View::latest("sky", "weather", &["key"]).ttl(2 * HOUR).fields(&["temp", "wind"])])
        .windows([
            Window::mean("late", "arrivals", &["key", "n"], column("delay").greater(15.0), 36 * HOUR),
            Window::count("landings", "arrivals", &["n"], HOUR / 4),
        ])
        .features([
            Feature::standardised("chill", column("sky.temp").minus(column("sky.wind").times(0.5)), Nulls::Mean),
            Feature::number("late", "late", Nulls::constant(-1.5).flagged()),
            Feature::number("landings", "landings", Nulls::Refuse),
            Feature::number("weekday", weekday(2013.0, 1.0, "n"), Nulls::Refuse),
            Feature::one_hot("dest", "dest", Unknown::AsAll),
            Feature::interaction("cold and late", &["chill", "late"]),
            Feature::interaction("all", &["cold and late", "dest"]),
            Feature::number("one", 1.0, Nulls::Refuse),
        ])
        .build(&Catalog::new())
        .unwrap()
}

#[test]
fn a_set_prints_as_tables() {
    let printed = "\
flights, as of at

row       columns
time      at
int       n, distance
category  key, dest

source    happened  known        columns
weather   measured  30min later  key, temp, wind
arrivals  landed    told         key, n, delay

view  source   key  fields      ttl
sky   weather  key  temp, wind  2h

window    source    key     value                     length
late      arrivals  key, n  mean(greater(delay, 15))  36h
landings  arrivals  n       count(1)                  15min

feature        value                                  transforms
chill          minus(sky.temp, times(sky.wind, 0.5))  number(nulls: mean) → standard(deviation, mean)
late           late                                   number(nulls: constant -1.5, flagged)
landings       landings                               number(nulls: refuse)
weekday        weekday(2013, 1, n)                    number(nulls: refuse)
dest           dest                                   one_hot(unknown: as_all)
cold and late  chill × late
all            cold and late × dest
one            1                                      number(nulls: refuse)
";
    assert_eq!(flights().to_string(), printed);
}

#[test]
fn parameters_of_any_transform_print_in_few_words() {
    let printed = |version: u32, parameters: serde_json::Value| {
        let step = Step { name: "t".into(), version, parameters };
        step.to_string()
    };
    assert_eq!(printed(1, json!(null)), "t");
    assert_eq!(printed(2, json!({})), "t v2");
    assert_eq!(printed(1, json!({"a": false, "b": null})), "t");
    assert_eq!(printed(1, json!({"a": true, "b": 1.0, "c": "Infinity"})), "t(b: 1, c: Infinity, a)");
    assert_eq!(printed(1, json!({"by": {"fixed": [0.5, 1]}})), "t(by: fixed [0.5, 1])");
    assert_eq!(printed(3, json!({"at": [1, 2, 3, 4, 5, 6, 7, 8]})), "t v3(at: [1, 2, 3, 4, 5, 6, … 8 in all])");
    assert_eq!(printed(1, json!({"in": {"x": 1, "y": true, "z": false}})), "t(in: {x: 1, y})");
    assert_eq!(printed(1, json!({"in": {"x": true}, "two words": "a, b"})), "t(in: {x}, \"two words\": \"a, b\")");
    assert_eq!(printed(1, json!([true, null])), "t([true, none])");
}

#[test]
fn a_set_is_a_flowchart() {
    let graph = "\
flowchart LR
    n0[\"at<br/>time\"]
    n1[\"n<br/>int\"]
    n2[\"distance<br/>int\"]
    n3[\"key<br/>category\"]
    n4[\"dest<br/>category\"]
    n5[(\"weather\")]
    n6[(\"arrivals\")]
    n7([\"sky<br/>latest, 2h\"])
    n8([\"late<br/>mean#40;greater#40;delay, 15#41;#41;, 36h\"])
    n9([\"landings<br/>count#40;1#41;, 15min\"])
    n10(\"chill<br/>number → standard\")
    n11(\"late<br/>number\")
    n12(\"landings<br/>number\")
    n13(\"weekday<br/>number\")
    n14(\"dest<br/>one_hot\")
    n15{{\"cold and late\"}}
    n16{{\"all\"}}
    n17(\"one<br/>number\")
    n5 --> n7
    n3 -.-> n7
    n6 --> n8
    n3 -.-> n8
    n1 -.-> n8
    n6 --> n9
    n1 -.-> n9
    n7 -->|\"temp\"| n10
    n7 -->|\"wind\"| n10
    n8 --> n11
    n9 --> n12
    n1 --> n13
    n4 --> n14
    n10 --> n15
    n11 --> n15
    n15 --> n16
    n14 --> n16
";
    assert_eq!(flights().to_mermaid(), graph);
}

/// A set in which everything has a name, or one that begins with it.
fn named(name: &str) -> FeatureSet {
    let time = format!("{name}t");
    let value = column(format!("{name}v.{name}")).plus(format!("{name}w").as_str()).plus(name);
    FeatureSet::builder(name, &time)
        .ints(&[name])
        .sources([Source::new(name, &time).ints(&[name])])
        .views([View::latest(format!("{name}v"), name, &[name]).fields(&[name])])
        .windows([Window::sum(&format!("{name}w"), name, &[name], name, HOUR)])
        .features([
            Feature::number(name, value, Nulls::NaN),
            Feature::interaction(&format!("{name}p"), &[name, name]),
        ])
        .build(&Catalog::new())
        .unwrap()
}

fn is_mermaid(graph: &str) {
    let mut lines = graph.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    for line in lines {
        let statement = line.strip_prefix("    n").unwrap();
        assert_eq!(statement.matches('"').count() % 2, 0, "{line}");
        for (at, part) in statement.split('"').enumerate() {
            // Between quotes nothing but letters, digits, entities and the break; outside ids, shapes and arrows.
            let inside = |c: char| c.is_alphanumeric() || " ,→×._#;</>".contains(c);
            let outside = |c: char| c.is_ascii_digit() || "n[](){}->.| ".contains(c);
            assert!(part.chars().all(|c| if at % 2 == 1 { inside(c) } else { outside(c) }), "{line}");
            if at % 2 == 1 {
                let label = part.replace("<br/>", "");
                assert!(!label.is_empty(), "{line}");
                assert!(!label.contains(['<', '>', '/']), "{line}");
                assert!(label.split('#').skip(1).all(|entity| entity.contains(';')), "{line}");
            }
        }
    }
}

#[test]
fn names_that_mermaid_would_take_for_its_own_are_escaped() {
    let labels = [
        ("", "#quot;#quot;"),
        ("end", "end"),
        ("say \"hi\"", "say #quot;hi#quot;"),
        ("a[0] --> b{1}", "a#91;0#93; #45;#45;#62; b#123;1#125;"),
        ("two\nlines", "two#92;nlines"),
        ("#quot;", "#35;quot#59;"),
        ("<br/>", "#60;br#47;#62;"),
        ("1. `_x_`", "1#46; #96;#95;x#95;#96;"),
        ("Größe 价格", "Größe 价格"),
        ("%% note", "#37;#37; note"),
    ];
    for (name, label) in labels {
        let graph = FeatureSet::builder("set", "at").floats(&[name]);
        let graph = graph.features([Feature::number("x", name, Nulls::NaN)]).build(&Catalog::new()).unwrap();
        let graph = graph.to_mermaid();
        is_mermaid(&graph);
        assert!(graph.contains(&format!("    n1[\"{label}<br/>float\"]\n")), "{graph}");
    }
}

proptest! {
    /// Whatever the names are: the tables have a line for each thing, and the graph is well formed.
    #[test]
    fn any_name_prints(name in any::<String>()) {
        let set = named(&name);
        is_mermaid(&set.to_mermaid());
        let tables = set.to_string();
        prop_assert!(tables.chars().all(|c| c == '\n' || !c.is_control()), "{tables:?}");
        // The title, and of five tables an empty line, a head and what is in it.
        prop_assert_eq!(tables.lines().count(), 1 + 5 * 2 + 2 + 1 + 1 + 1 + 2);
        let lineage = set.lineage(&name).unwrap().to_string();
        prop_assert!(!lineage.contains('\n'), "{lineage:?}");
    }
}

#[test]
fn lineage_goes_through_views_windows_and_products() {
    let set = flights();
    let sky = "weather.key, weather.measured, weather.temp, weather.wind";
    let late = "arrivals.delay, arrivals.key, arrivals.landed, arrivals.n, arrivals.told";
    for (feature, wanted) in [
        ("chill", format!("chill ← at, key, {sky}")),
        ("late", format!("late ← at, key, n, {late}")),
        ("landings", "landings ← at, n, arrivals.landed, arrivals.n, arrivals.told".into()),
        ("weekday", "weekday ← n".into()),
        ("cold and late", format!("cold and late ← at, key, n, {late}, {sky}")),
        ("all", format!("all ← at, dest, key, n, {late}, {sky}")),
        ("one", "one ← constants".into()),
    ] {
        assert_eq!(set.lineage(feature).unwrap().to_string(), wanted);
    }
    assert!(set.lineage("one").unwrap().is_empty());
    let lineage = serde_json::to_value(set.lineage("landings").unwrap()).unwrap();
    let sources = json!({"arrivals": ["landed", "n", "told"]});
    assert_eq!(lineage, json!({"name": "landings", "columns": ["at", "n"], "sources": sources}));
    let error = set.lineage("what").unwrap_err();
    assert!(matches!(error, FeatureError::NotInSet { what: "feature", .. }), "{error:?}");
    assert_eq!(error.to_string(), "the set `flights` has no feature `what`");
}

#[test]
fn lineage_of_a_set_that_was_never_checked_is_an_error() {
    let mut json = serde_json::to_value(flights()).unwrap();
    json["features"][5]["input"] = json!({"product": ["all"]});
    json["features"][0]["input"] = json!({"value": {"column": "sky.nothing"}});
    json["features"][1]["input"] = json!({"product": ["nothing"]});
    json["views"][0]["source"] = json!("nothing");
    json["features"][2]["input"] = json!({"value": {"column": "sky.temp"}});
    let set: FeatureSet = serde_json::from_value(json).unwrap();
    is_mermaid(&set.to_mermaid());
    assert!(!set.to_string().is_empty());
    for (feature, what) in [("chill", "column"), ("late", "feature"), ("landings", "source")] {
        let error = set.lineage(feature).unwrap_err();
        assert!(matches!(error, FeatureError::Unknown { what: got, .. } if got == what), "{error:?}");
    }
    // Features that are made of each other end all the same.
    assert_eq!(set.lineage("all").unwrap().to_string(), "all ← dest");
}

/// Whether the set has every column of a lineage.
fn exists(set: &FeatureSet, lineage: &Lineage) {
    let row: BTreeSet<&str> = set.columns().columns.iter().map(|column| column.name.as_str()).collect();
    assert!(lineage.columns.iter().all(|column| row.contains(column.as_str())), "{lineage}");
    for (name, columns) in &lineage.sources {
        let source = set.sources().iter().find(|source| source.name == *name).unwrap();
        let mut of_source: BTreeSet<&str> =
            source.columns.columns.iter().map(|column| column.name.as_str()).collect();
        of_source.insert(&source.event_time);
        if let Availability::Column(column) = &source.availability {
            of_source.insert(column);
        }
        assert!(
            !columns.is_empty() && columns.iter().all(|column| of_source.contains(column.as_str())),
            "{lineage}"
        );
    }
}

fn every_number_comes_from_somewhere(features: &FittedFeatures) {
    let set = features.set();
    assert!(!features.names().is_empty());
    for number in features.names().iter() {
        let lineage = features.lineage_of(number).unwrap();
        assert_eq!(lineage.name, *number);
        assert!(!lineage.is_empty(), "{lineage}");
        exists(set, &lineage);
    }
    for feature in set.features() {
        exists(set, &set.lineage(&feature.name).unwrap());
    }
}

#[test]
fn every_number_has_columns_that_exist() {
    let fitted = some_fit().features;
    every_number_comes_from_somewhere(&fitted);
    assert_eq!(fitted.lineage_of("key=a").unwrap().to_string(), "key=a ← key");
    assert_eq!(fitted.lineage_of("x scaled.missing").unwrap().to_string(), "x scaled.missing ← x");
    assert_eq!(fitted.set(), &set());
    let error = fitted.lineage_of("key=nothing").unwrap_err();
    assert_eq!(error.to_string(), "the set `rows` has no number `key=nothing`");
}

/// Numbers of products and of what is gathered, and those of one name.
#[test]
fn numbers_of_one_name_come_from_all_that_bear_it() {
    let set = FeatureSet::builder("twice", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .features([
            Feature::one_hot("a", "key", Unknown::AsAll),
            Feature::number("a=b", "x", Nulls::Mean),
            Feature::interaction("both", &["a", "a=b"]),
        ])
        .build(&Catalog::new())
        .unwrap();
    let rows = [row(0, Some(1.0), Some(1), Some("b")), row(1, Some(2.0), Some(2), Some("c"))];
    let fitted = fit(&set, &rows, [0.0, 1.0]).features;
    every_number_comes_from_somewhere(&fitted);
    assert_eq!(fitted.lineage_of("a=b").unwrap().to_string(), "a=b ← key, x");
    assert_eq!(fitted.lineage_of("a=c").unwrap().to_string(), "a=c ← key");
    assert_eq!(fitted.lineage_of("both:a=c×a=b").unwrap().to_string(), "both:a=c×a=b ← key, x");
}

#[test]
fn every_number_over_time_has_columns_that_exist() {
    let (set, catalog, folder) = (set_over_time(), Catalog::new(), tempfile::tempdir().unwrap());
    let asked = [row(0, Some(1.0), Some(1), Some("a"))];
    let rows = Dataset::from_batches([batch(&asked)]).unwrap();
    let gathered = gather_history(&set, &rows, &EventLog::open(folder.path()).unwrap(), &catalog).unwrap();
    let fit = set.fit_encode(gathered.batch(), &labels(&asked, [0.0]), Timestamp::MAX, &catalog).unwrap();
    every_number_comes_from_somewhere(&fit.features);
    for feature in set.features() {
        let lineage = set.lineage(&feature.name).unwrap();
        assert!(lineage.columns.contains("at") && lineage.sources["events"].contains("known"), "{lineage}");
    }
}
