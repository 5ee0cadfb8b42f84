//! The engine as a plain function: scripts with whole traces, and small clusters from seeds.

mod cluster;
mod disk;
mod hostile;
mod invariants;
mod planted;
mod render;
mod script;
mod seeds;
