use super::*;

fn series(name: &str, points: &[(f64, f64)]) -> Series {
    let points = points.iter().map(|&(x, y)| Point { x, y, is_doubted: y > 1_000.0 }).collect();
    Series { name: name.to_owned(), mark: 0, points }
}

fn lines(series: Vec<Series>, is_labelled: bool) -> Chart {
    Chart::Lines(Lines { x: Axis::linear("requests/s"), y: Axis::log("ms"), series, is_labelled })
}

#[test]
fn a_point_stands_where_its_values_are() {
    let chart = lines(vec![series("a", &[(0.0, 1.0), (20.0, 100.0)])], false);
    let svg = chart.svg("").into_string();
    // The line runs from the left edge at the bottom to the right edge at the top.
    assert!(svg.contains(r#"<polyline class="line s0" points="58.0,256.0 436.0,24.0">"#), "{svg}");
}

#[test]
fn a_doubted_point_is_hollow_and_no_other() {
    let svg = lines(vec![series("a", &[(1.0, 10.0), (2.0, 2_000.0)])], false).svg("").into_string();
    assert_eq!((svg.matches("<circle").count(), svg.matches("s0 hollow").count()), (2, 1));
}

#[test]
fn a_bar_is_as_long_as_its_parts_and_says_their_sum() {
    let bar = |label: &str, parts: &[f64]| Bar { label: label.to_owned(), parts: parts.to_vec() };
    let bars = Bars {
        parts: vec!["server".into(), "Redis".into()],
        bars: vec![bar("a", &[10.0, 10.0]), bar("b", &[5.0, 0.0])],
        unit: " µs".into(),
    };
    let svg = Chart::Bars(bars).svg("cost").into_string();
    for piece in [
        r#"<rect class="s0" x="132.0" y="6.0" width="127.0" height="18">"#,
        r#"<rect class="s1" x="259.0" y="6.0" width="127.0" height="18">"#,
        r#"<rect class="s0" x="132.0" y="36.0" width="63.5" height="18">"#,
        ">20.0 µs</text>",
        ">5.0 µs</text>",
    ] {
        assert!(svg.contains(piece), "{piece}: {svg}");
    }
}

#[test]
fn names_beside_points_never_lie_over_each_other() {
    let same = [(10.0, 5.0)];
    let svg =
        lines(vec![series("a", &same), series("b", &same), series("c", &same)], true).svg("").into_string();
    let at: Vec<f64> = svg
        .split(r#"<text class="strong"#)
        .skip(1)
        .map(|rest| rest.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(at.len(), 3);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 14.0), "{at:?}");
}

#[test]
fn what_a_name_contains_stays_text() {
    let svg = lines(vec![series("<b>\"&", &[(1.0, 1.0)])], true).svg("<i>").into_string();
    assert!(svg.contains("&lt;b&gt;&quot;&amp;") && svg.contains("&lt;i&gt;"));
    assert!(!svg.contains("<b>") && !svg.contains("<i>"));
}

#[test]
fn each_series_has_a_sign_of_its_own() {
    let chart = lines((0..6).map(|_| series("a", &[])).collect(), false);
    let signs: std::collections::BTreeSet<String> =
        (0..6).map(|index| chart.sign(index).into_string()).collect();
    assert_eq!(signs.len(), 6);
}
