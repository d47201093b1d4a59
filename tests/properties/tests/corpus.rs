//! Every property holds for its committed corpus: seeds, and what the fuzzer found and was mended.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// A corpus is read by people too: small files, and not many.
const MOST_FILES: usize = 100;
const MOST_BYTES: u64 = 4_096;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn par_4_tok_8_idn_7_mai_1_every_property_holds_for_its_corpus() {
    for (name, property) in properties::ALL {
        let folder = fuzz().join("corpus").join(name);
        let files = names(&folder);
        assert!((10..=MOST_FILES).contains(&files.len()), "{name}: {} files", files.len());
        for file in files {
            let data = fs::read(folder.join(&file)).unwrap();
            assert!(data.len() as u64 <= MOST_BYTES, "{name}/{file} is too large");
            assert!(
                catch_unwind(|| property(&data)).is_ok(),
                "corpus/{name}/{file}: {:?}",
                String::from_utf8_lossy(&data)
            );
        }
    }
}

#[test]
fn every_property_has_a_fuzz_target_and_a_corpus() {
    let expected: BTreeSet<_> = properties::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("corpus")), expected);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &expected {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
        let target = fs::read_to_string(fuzz().join(format!("targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("fuzz_target!(|data: &[u8]| properties::{name}(data));")), "{name}");
    }
    let files: BTreeSet<_> = expected.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz().join("targets")), files);
}
