//! Voids: whether an event may count nowhere from now on, and what the state is without it.
