//! The event, field by field.
