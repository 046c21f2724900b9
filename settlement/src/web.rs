//! Pages for people, rendered here: state is read from `store`, changes go through `flows`.

pub mod statement;
