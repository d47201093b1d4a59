//! The parsers of addresses and of pasted lists.

use invite::{EmailAddress, ListOptions, parse_list};

use crate::host::addresses;
use crate::report::{Bound, Report, median};
use crate::{Outcome, time};

const SMALL: usize = 1_000;
const LARGE: usize = 100_000;
/// So many small lists take about as long as the large one.
const REPEATS: usize = 100;

pub(crate) fn run(report: &mut Report) -> Outcome {
    let runs =
        time(|| (0..LARGE).filter(|_| EmailAddress::parse("somebody.else@example.com").is_ok()).count());
    report.line("parse one address", LARGE, runs);
    let (small, large) = (addresses(SMALL), addresses(LARGE));
    let parse = |list: &str, count| {
        let options = ListOptions::new().max_entries(count).max_bytes(list.len());
        parse_list(list, &options).map(|list| list.fragments().len())
    };
    let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
    // In turns, so that both see the same machine.
    for _ in 0..3 {
        of_small.extend(time(|| (0..REPEATS).map(|_| parse(&small, SMALL).is_ok()).filter(|ok| *ok).count()));
        of_large.extend(time(|| parse(&large, LARGE)));
    }
    let growth = median(of_large.clone()).as_secs_f64() / median(of_small.clone()).as_secs_f64();
    let small = report.line("parse a pasted list of 1,000, an address", SMALL * REPEATS, of_small);
    let large = report.line("parse a pasted list of 100,000, an address", LARGE, of_large);
    report.target("parse-microseconds-1000", 1e6 / small, Bound::AtMost(1.0));
    report.target("parse-microseconds-100000", 1e6 / large, Bound::AtMost(1.0));
    report.target("parse-growth-1000-to-100000", growth, Bound::AtMost(1.5));
    Ok(())
}
