//! The content of a report in each format. `report.json` comes from a run on a machine that was busy with something
//! else, so it contains many doubts.

use measure::compare;
use measure::figures::Comparison;
use measure::report::{Report, html, markdown, sections};

const REPORT: &str = include_str!("../report.json");

/// Every comparison of a report that may contain doubts.
fn comparisons(report: &mut Report) -> Vec<&mut Comparison> {
    let mut all: Vec<&mut Comparison> = Vec::new();
    all.extend(&mut report.ceiling);
    all.extend(&mut report.rates);
    all.extend(&mut report.concurrency);
    all.extend(report.round_trips.iter_mut().map(|step| &mut step.comparison));
    all.extend(report.claims.iter_mut().map(|step| &mut step.comparison));
    all
}

#[test]
fn a_figure_that_is_doubted_is_marked_in_all_formats_and_one_that_is_not_in_none() {
    let mut report = compare::read(REPORT).unwrap();
    // Targets and predictions mark their doubts separately.
    (report.targets, report.scale) = (None, None);
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains(r#""doubt":"spread""#), "{json}");
    let (page, text) = (html::write(&report), markdown::write(&report));
    let doubted = &report.ceiling.as_ref().unwrap().designs.iter().find(|figures| !figures.doubts.is_empty());
    let name = &doubted.unwrap().design;
    assert!(page.contains(&format!(">{name} ?</text>")) && page.contains(" hollow\""), "{page}");
    let row = text.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
    assert!(row.contains(" ? |"), "{row}");
    assert!(text.contains("another program uses this machine, repeat when it is idle"), "{text}");

    for comparison in comparisons(&mut report) {
        comparison.doubts.clear();
        comparison.designs.iter_mut().for_each(|figures| figures.doubts.clear());
    }
    let (page, text) = (html::write(&report), markdown::write(&report));
    assert!(!page.contains(" hollow\"") && !text.contains(" ? |"), "{text}");
    assert!(text.contains("the figures passed every check"), "{text}");
}

#[test]
fn every_section_has_a_table_with_as_many_cells_as_its_header_and_the_formats_hold_all_of_them() {
    let report = compare::read(REPORT).unwrap();
    let (page, text) = (html::write(&report), markdown::write(&report));
    let all = sections::all(&report);
    for id in [
        "cost",
        "latency",
        "round-trip",
        "revocation",
        "refresh",
        "claims",
        "scale",
        "scale-check",
        "people",
        "targets",
    ] {
        assert!(all.iter().any(|section| section.id == id), "{id}");
    }
    for section in all {
        assert!(
            section.table.rows.iter().all(|row| row.len() == section.table.header.len()),
            "{}",
            section.id
        );
        assert!(page.contains(&format!("id=\"{}\"", section.id)), "{}", section.id);
        assert!(text.contains(&format!("## {}\n", section.title)), "{}", section.id);
    }
}
