//! Where results are stored.

use std::path::PathBuf;

use crate::failure::Failure;

/// Stores a result in the folder `authlab` of the build folder, which git ignores, and returns its path.
///
/// # Errors
/// The file cannot be written.
pub fn keep(name: &str, json: &str) -> Result<PathBuf, Failure> {
    let folder = build_folder().join("authlab");
    let path = folder.join(name);
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, json))
        .map_err(|error| Failure::new(format!("{} cannot be written ({error})", path.display())))?;
    Ok(path)
}

/// The folder that cargo built this program into: `target`, wherever that is. A program that was moved elsewhere uses
/// `target` in the folder it is called from.
pub fn build_folder() -> PathBuf {
    let program = std::env::current_exe().ok();
    // The program is `target/release/authlab`, or a test in `target/debug/deps`.
    let mut above = program.iter().flat_map(|program| program.ancestors().skip(1).take(3));
    match above.find(|folder| folder.join("CACHEDIR.TAG").exists()) {
        Some(folder) => {
            let here = std::env::current_dir().ok();
            let relative = here.as_deref().and_then(|here| folder.strip_prefix(here).ok());
            relative.unwrap_or(folder).to_owned()
        }
        _ => PathBuf::from("target"),
    }
}
