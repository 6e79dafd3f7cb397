//! The `daybook` command.

/// Many small, short-lived values on many threads: events, their JSON, their views.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    daybook::commands::run()
}
