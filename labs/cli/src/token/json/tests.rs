use super::*;

#[test]
fn numbers_and_members_are_shown_as_they_are_written() {
    for text in [
        r#"{"a":12345678901234567890123,"b":1e400,"c":1.0,"d":-0}"#,
        r#"{"role":"user","role":"admin"}"#,
        r#"[null,true,false,"x",{},[]]"#,
    ] {
        assert_eq!(Json::parse(text).unwrap().one_line(), text);
    }
}

#[test]
fn members_with_one_name_are_found_at_any_depth_and_different_names_are_not() {
    let twice = Json::parse(r#"{"a":[{"role":"user","role":"admin"}],"b":1}"#).unwrap();
    let values = ["user", "admin"].map(|text| Json::String(text.to_owned())).to_vec();
    assert_eq!(twice.duplicates(), [("role".to_owned(), values)]);
    assert_eq!(Json::parse(r#"{"a":{"role":1},"role":2}"#).unwrap().duplicates(), []);
}

#[test]
fn what_a_terminal_would_obey_is_escaped_and_the_value_stays_the_same() {
    let json = Json::parse(r#""\u001b]0;x\u0007 \u009b31m \u202e \udb40\udc01 é　日""#).unwrap();
    let printed = json.one_line();
    assert_eq!(printed, r#""\u001b]0;x\u0007 \u009b31m \u202e \udb40\udc01 é　日""#);
    assert_eq!(Json::parse(&printed).unwrap(), json);
}

#[test]
fn deep_nesting_and_broken_json_are_refused() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(&nested(65)).is_ok());
    assert_eq!(Json::parse(&nested(66)).unwrap_err(), "it is nested deeper than 64 levels");
    assert!(Json::parse(&nested(32_000)).is_err());
    for broken in ["", "{", "01", "nul", "{\"a\":1,}", "\"\\ud800\""] {
        assert!(Json::parse(broken).is_err(), "{broken}");
    }
}
