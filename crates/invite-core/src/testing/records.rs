//! Golden files of event records.
