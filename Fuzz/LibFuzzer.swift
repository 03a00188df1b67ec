import Glibc

/// The two functions that libFuzzer, which brings the program's `main`, looks for. Whatever traps, aborts, hangs or
/// takes too much memory in them is a find.

/// Called once, before anything else. Without a target in `FUZZ_TARGET` the program lists the targets and ends.
@_cdecl("LLVMFuzzerInitialize")
func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    guard FuzzTarget.chosenName.isEmpty else { return 0 }
    for target in FuzzTarget.all { print(target.name) }
    exit(EXIT_SUCCESS)
}

/// Called with one input after the other.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.chosen.read(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
