import Ports
import Synchronization

/// A load tool that writes what it is told.
final class ScriptedLoadTool: LoadTool {
    private let pieces: [String]
    private let failure: KeptnError?
    private let neverEnds: (any TimeSource)?
    private let ran = Mutex<[LoadToolTest]>([])

    init(_ pieces: [String], failure: KeptnError? = nil, neverEnds: Bool = false, time: any TimeSource = ManualTime()) {
        self.pieces = pieces
        self.failure = failure
        self.neverEnds = neverEnds ? time : nil
    }

    var tests: [LoadToolTest] { ran.withLock { $0 } }

    func run(_ test: LoadToolTest, _ take: @Sendable ([UInt8]) async throws -> Void) async throws {
        ran.withLock { $0.append(test) }
        if let failure { throw failure }
        for piece in pieces { try await take(Array(piece.utf8)) }
        if let neverEnds { try await neverEnds.sleep(for: .seconds(1_000_000)) }
    }
}
