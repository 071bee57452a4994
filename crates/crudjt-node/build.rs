//! Gives the linker what a Node-API library needs on each platform.

fn main() {
    napi_build::setup();
}
