"""Inspects a binary: python inspect.py PLATFORM FILE. Fails if the architecture, the minimum system version,
the exported symbols, the linked libraries or the size are not as required."""

import os
import sys

import lief

MAX_BYTES = 1_750_000
ENTRY = "napi_register_module_v1"
GLIBC = (2, 28)
ARCHITECTURES = {
    "x64": ("X86_64", "AMD64"),
    "arm64": ("AARCH64", "ARM64"),
}
LIBRARIES = {
    "gnu": {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1",
            "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"},
    "musl": {"libc.so"},
    # The second is its own install name.
    "darwin": {"/usr/lib/libSystem.B.dylib", "crudjt.node"},
    "win32": {"kernel32.dll", "ntdll.dll", "msvcrt.dll", "advapi32.dll", "ws2_32.dll",
              "bcrypt.dll", "bcryptprimitives.dll", "userenv.dll"},
}
MIN_MACOS = {"x64": (10, 15), "arm64": (11, 0)}


def expect(what, is_valid, found):
    print(f"          {what}: {found}")
    if not is_valid:
        sys.exit(f"{what} is wrong: {found}")


def check_elf(binary, libc, arch):
    expect("architecture", binary.header.machine_type.name in ARCHITECTURES[arch],
           binary.header.machine_type.name)
    check_libraries(binary.libraries, LIBRARIES[libc])
    if libc == "gnu":
        versions = [aux.name for need in binary.symbols_version_requirement
                    for aux in need.get_auxiliary_symbols()]
        numbers = [tuple(map(int, name[6:].split("."))) for name in versions
                   if name.startswith("GLIBC_") and name[6].isdigit()]
        newest = max(numbers, default=(0,))
        expect("newest glibc symbol", newest[:2] <= GLIBC, ".".join(map(str, newest)))
    check_exports([symbol.name for symbol in binary.exported_symbols])


def check_macho(binary, arch):
    cpu = binary.header.cpu_type.name
    expect("architecture", cpu in ARCHITECTURES[arch], cpu)
    version = binary.build_version.minos if binary.has_build_version else binary.version_min.version
    expect("minimum macOS", tuple(version)[:2] == MIN_MACOS[arch], version)
    check_libraries([library.name for library in binary.libraries], LIBRARIES["darwin"])
    check_exports([symbol.name.removeprefix("_") for symbol in binary.exported_symbols])
    if arch == "arm64":
        expect("signed", binary.has_code_signature, binary.has_code_signature)


def check_pe(binary, arch):
    machine = binary.header.machine.name
    expect("architecture", machine in ARCHITECTURES[arch], machine)
    imports = [entry.name.lower() for entry in binary.imports]
    check_libraries([name for name in imports if not name.startswith("api-ms-win-")],
                    LIBRARIES["win32"])
    check_exports([entry.name for entry in binary.get_export().entries])


def check_libraries(found, allowed):
    names = sorted({os.path.basename(name) if "dylib" not in name else name for name in found})
    expect("libraries", set(names) <= allowed, ", ".join(names) or "none")


def check_exports(names):
    shown = [name for name in names if name]
    expect("exports the entry point of Node-API", ENTRY in shown, f"{len(shown)} symbols")
    foreign = [name for name in shown if "crudjt" in name.lower()]
    expect("exports no symbol of the engine", not foreign, foreign or "none")


def main(platform, path):
    system, arch, *libc = platform.split("-")
    size = os.path.getsize(path)
    expect("size", size <= MAX_BYTES, size)
    if system == "linux":
        check_elf(lief.parse(path), libc[0], arch)
    elif system == "darwin":
        check_macho(lief.parse(path), arch)
    else:
        check_pe(lief.parse(path), arch)


main(sys.argv[1], sys.argv[2])
