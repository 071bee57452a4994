// The targets of `npm run cross`: for each platform package the compiler's target and its linker options.

/** The glibc that Node 20 requires. */
const GLIBC = '2.28'
/** The symbols of musl come from the C library that Node is linked with. */
const SHARED_MUSL = '-C target-feature=-crt-static'

/**
 * `linker` is `zig` (default) or `mingw`; `suffix` extends the target's name for zig; `flags` go to rustc
 * and `env` to cargo.
 */
export const targets = [
  { platform: 'linux-x64-gnu', triple: 'x86_64-unknown-linux-gnu', suffix: `.${GLIBC}` },
  { platform: 'linux-arm64-gnu', triple: 'aarch64-unknown-linux-gnu', suffix: `.${GLIBC}` },
  { platform: 'linux-x64-musl', triple: 'x86_64-unknown-linux-musl', flags: SHARED_MUSL },
  { platform: 'linux-arm64-musl', triple: 'aarch64-unknown-linux-musl', flags: SHARED_MUSL },
  { platform: 'darwin-x64', triple: 'x86_64-apple-darwin', ...macOS('10.15') },
  { platform: 'darwin-arm64', triple: 'aarch64-apple-darwin', ...macOS('11.0') },
  { platform: 'win32-x64-msvc', triple: 'x86_64-pc-windows-gnu', linker: 'mingw' },
  { platform: 'win32-arm64-msvc', triple: 'aarch64-pc-windows-gnullvm' },
]

// Debian has no strip for macOS binaries, so the linker omits local symbols (-x). The default install name
// would be the build path. Rust links libraries that are not used, so they are dropped.
function macOS(version) {
  const options = ['-install_name,@rpath/crudjt.node', '-x', '-dead_strip_dylibs']
  return {
    env: { MACOSX_DEPLOYMENT_TARGET: version, CARGO_PROFILE_RELEASE_STRIP: 'false' },
    flags: options.map((option) => `-C link-arg=-Wl,${option}`).join(' '),
  }
}

/** The name of the library that cargo builds for a target. */
export function libraryOf({ triple }) {
  if (triple.includes('windows')) return 'crudjt_node.dll'
  return triple.includes('apple') ? 'libcrudjt_node.dylib' : 'libcrudjt_node.so'
}

/** The name of a platform's binary. */
export function binaryOf({ platform }) {
  return `crudjt.${platform}.node`
}
