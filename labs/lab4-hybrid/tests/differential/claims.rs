//! Changes single claims. Each value is JSON text.

use crate::random::Random;

/// The name and the value of a claim, both as JSON text.
pub(crate) type Member = (String, String);

const ISSUER: &str = "https://authlab.example";
const AUDIENCE: &str = "authlab-api";
pub(crate) const NAMES: (&str, &str) = (ISSUER, AUDIENCE);

const NUMBERS: [&str; 33] = [
    "0",
    "-0",
    "-1",
    "1e9",
    "4E+9",
    "4e9",
    "4000000000.0",
    "1.5",
    "0.1e11",
    "00",
    "04000000000",
    "+4000000000",
    "0xEE6B2800",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1e-400",
    ".5",
    "5.",
    "4_000_000_000",
    "９",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "253402300799",
    "253402300800",
    "253402300799.0",
    "4000000000 ",
    " 4000000000",
];
const VALUES: [&str; 20] = [
    "null",
    "true",
    "false",
    "",
    "\"\"",
    "\" \"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{1}\"",
    "\"\\x\"",
    "'x'",
    "x",
    "\"x",
    "{\"a\":1,\"a\":2}",
    "undefined",
];
/// Offsets in seconds around the boundaries of a lifetime of 900 s and a leeway of 5 s.
const SECONDS: [i64; 17] =
    [-100_000, -901, -900, -899, -61, -60, -6, -5, -1, 0, 1, 4, 5, 6, 7, 900, 100_000_000];
const EMAILS: [&str; 6] = [
    "ann@example.test",
    "ann@example.test",
    "änn@example.test",
    "\\u0061nn@example.test",
    "\\\"a\\\\b\\\"@example.test",
    "\\ud83d\\ude00@example.test",
];

/// The claims of a token that is valid now.
pub(crate) fn plain(random: &mut Random, now_s: u64) -> Vec<Member> {
    let iat = now_s - u64::try_from(random.below(890)).unwrap_or(0);
    let email = random.pick(&EMAILS);
    let (sub, jti, sid) = (random.uuid(), random.uuid(), random.uuid());
    [
        ("iss", quoted(ISSUER)),
        ("aud", quoted(AUDIENCE)),
        ("sub", quoted(&sub.to_string())),
        ("iat", iat.to_string()),
        ("exp", (iat + 900).to_string()),
        ("jti", quoted(&jti.to_string())),
        ("email", quoted(email)),
        ("sid", quoted(&sid.to_string())),
        ("epoch", random.below(9).to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Changes, adds or removes one claim.
pub(crate) fn change(random: &mut Random, members: &mut Vec<Member>, now_s: u64) {
    let at = random.below(members.len());
    match random.below(12) {
        0 if !members.is_empty() => drop(members.remove(at)),
        1 => {
            // The same name again, sometimes in another spelling, with the same value or another.
            let Some((name, old)) = members.get(at).cloned() else { return };
            let name = if random.one_in(2) { escaped(random, &name) } else { name };
            let value = if random.one_in(2) { old } else { value(random, &old, now_s) };
            members.insert(random.below(members.len() + 1), (name, value));
        }
        2 => {
            let Some((name, _)) = members.get_mut(at) else { return };
            *name = match random.below(5) {
                0 => name.to_uppercase(),
                1 => format!("{name} "),
                2 => format!("{name}\\u0000"),
                3 => "x".into(),
                _ => escaped(random, name),
            };
        }
        3 => members.insert(at, ("nbf".into(), value(random, "0", now_s))),
        4 => {
            let added = match random.below(5) {
                0 => format!("{}{}", "[".repeat(200), "]".repeat(200)),
                1 => quoted(&"x".repeat(random.below(2700))),
                2 => format!("{}1{}", "{\"a\":".repeat(130), "}".repeat(130)),
                _ => value(random, "\"x\"", now_s),
            };
            members.insert(at, ("unknown".into(), added));
        }
        5 => (0..members.len()).for_each(|from| members.swap(from, at)),
        // Times are changed more often than the rest, because one second decides at their boundaries.
        6..=8 => {
            let claim = random.pick(&["iat", "exp", "nbf"]);
            let time = time(random, now_s);
            match members.iter_mut().find(|(name, _)| name == claim) {
                Some((_, value)) => *value = time,
                None => members.push((claim.into(), time)),
            }
        }
        _ => {
            let Some((_, old)) = members.get_mut(at) else { return };
            *old = value(random, old, now_s);
        }
    }
}

/// Another value in place of `old`.
fn value(random: &mut Random, old: &str, now_s: u64) -> String {
    let text = old.trim_matches('"');
    match random.below(16) {
        0..=2 => random.pick(&NUMBERS).to_owned(),
        3..=4 => random.pick(&VALUES).to_owned(),
        5..=6 => time(random, now_s),
        7 => format!("[{old}]"),
        8 => format!("[{old},\"https://evil.example\"]"),
        9 => quoted(&escaped(random, text)),
        10 => quoted(random.pick(&[&*format!("{text}/"), &*format!(" {text}"), &text.to_uppercase(), "x"])),
        11 => quoted(&text.replace('-', "")),
        12 => quoted(random.pick(&[&*format!("{{{text}}}"), &*format!("urn:uuid:{text}")])),
        13 => quoted(random.pick(&[&*format!("é{}", "0".repeat(34)), &"0".repeat(36), &"-".repeat(36)])),
        14 => quoted(&random.uuid().to_string()),
        _ => quoted(text),
    }
}

fn time(random: &mut Random, now_s: u64) -> String {
    let time = now_s.saturating_add_signed(SECONDS[random.below(SECONDS.len())]);
    match random.below(8) {
        0 => format!("{time}.0"),
        1 => quoted(&time.to_string()),
        _ => time.to_string(),
    }
}

/// Replaces one character by `\u00xx`, which JSON reads as the same character.
fn escaped(random: &mut Random, text: &str) -> String {
    let at = random.below(text.len());
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii_alphanumeric() => {
            format!("{}\\u00{byte:02x}{}", &text[..at], &text[at + 1..])
        }
        _ => text.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
