//! The report in a browser: it loads nothing, causes no complaint, and nothing is wider than a phone's screen.

use kit::testing::browser::Browser;
use measure::compare;
use measure::report::{html, sections};
use serde_json::Value;

const REPORT: &str = include_str!("../report.json");
/// The widths of a phone and of a desktop screen, in pixels.
const WIDTHS: [u32; 2] = [390, 1440];
/// The script that inspects a page. A table scrolls on its own; nothing else may be wider than the page.
const LOOK: &str = include_str!("page/look.js");

#[test]
fn a_report_fits_a_telephone_and_a_desk_fetches_nothing_and_has_a_table_under_each_chart() {
    let Some(mut browser) = Browser::start() else { return };
    let report = compare::read(REPORT).unwrap();
    let (looks, complaints) = seen(&mut browser, &html::write(&report));
    let charts = sections::all(&report).iter().filter(|section| section.chart.is_some()).count();
    assert!(charts >= 6, "the report of this test has {charts} charts");
    for (width, page) in WIDTHS.into_iter().zip(looks) {
        assert_eq!(page["sticks_out"], Value::from(0), "{width}: {page}");
        assert_eq!(page["fetched"], Value::from(0), "{width}: {page}");
        assert_eq!(page["broken_links"], Value::from(0), "{width}: {page}");
        assert_eq!(page["charts"], Value::from(charts), "{width}: {page}");
        assert_eq!(page["charts_above_their_table"], Value::from(charts), "{width}: {page}");
    }
    assert_eq!(complaints, Vec::<String>::new());

    // The counterpart: one element that is too wide, and one that would be loaded.
    let spoilt = r#"<p style="width:700px">wide</p><img src="/elsewhere.png" alt=""></main>"#;
    let (looks, complaints) = seen(&mut browser, &html::write(&report).replace("</main>", spoilt));
    assert_ne!(looks[0]["sticks_out"], Value::from(0), "{}", looks[0]);
    assert!(complaints.iter().any(|line| line.contains("Content Security Policy")), "{complaints:?}");
}

/// The script's result at each width, and the browser's complaints meanwhile.
fn seen(browser: &mut Browser, report: &str) -> ([Value; 2], Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    std::fs::write(&page, report).unwrap();
    let before = browser.complaints().len();
    let looks = WIDTHS.map(|width| {
        browser.window(width, 900, false);
        browser.open(&format!("file://{}", page.display()));
        browser.until("document.readyState === 'complete' && location.protocol === 'file:'");
        browser.eval(LOOK)
    });
    (looks, browser.complaints()[before..].to_vec())
}
