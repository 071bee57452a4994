// What `npm run cross` builds: for each platform package the target of the compiler, and what is
// particular to linking it.

/** The newest glibc that Node 20 itself asks for. */
const GLIBC = '2.28'
/** Symbols of musl are found in the C library that Node is linked with. */
const SHARED_MUSL = '-C target-feature=-crt-static'

/**
 * The platforms. `linker` is `zig` or `mingw`; `suffix` is what zig's name of the target has behind
 * the compiler's; `flags` go to the compiler and `env` to cargo.
 */
export const targets = [
  { platform: 'linux-x64-gnu', triple: 'x86_64-unknown-linux-gnu', suffix: `.${GLIBC}` },
  { platform: 'linux-arm64-gnu', triple: 'aarch64-unknown-linux-gnu', suffix: `.${GLIBC}` },
  { platform: 'linux-x64-musl', triple: 'x86_64-unknown-linux-musl', flags: SHARED_MUSL },
  { platform: 'linux-arm64-musl', triple: 'aarch64-unknown-linux-musl', flags: SHARED_MUSL },
  { platform: 'darwin-x64', triple: 'x86_64-apple-darwin', ...madeForMacOS('10.15') },
  { platform: 'darwin-arm64', triple: 'aarch64-apple-darwin', ...madeForMacOS('11.0') },
  { platform: 'win32-x64-msvc', triple: 'x86_64-pc-windows-gnu', linker: 'mingw' },
  { platform: 'win32-arm64-msvc', triple: 'aarch64-pc-windows-gnullvm' },
]

// What strips a binary of macOS is not to be had on Debian, so the linker leaves names out (-x). The
// binary's own name would be the path that it was built at. Of the libraries that Rust asks for
// nothing is used but the system's.
function madeForMacOS(version) {
  const options = ['-install_name,@rpath/crudjt.node', '-x', '-dead_strip_dylibs']
  return {
    env: { MACOSX_DEPLOYMENT_TARGET: version, CARGO_PROFILE_RELEASE_STRIP: 'false' },
    flags: options.map((option) => `-C link-arg=-Wl,${option}`).join(' '),
  }
}

/** The name of the library that cargo makes for a target. */
export function libraryOf({ triple }) {
  if (triple.includes('windows')) return 'crudjt_node.dll'
  return triple.includes('apple') ? 'libcrudjt_node.dylib' : 'libcrudjt_node.so'
}

/** The name of a platform's binary. */
export function binaryOf({ platform }) {
  return `crudjt.${platform}.node`
}
