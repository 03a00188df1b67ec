package import CloudEvents
import FoundationEssentials
import Ports
package import Testing

/// The machine's own time, for tests with real processes and sockets.
package struct MachineTime: TimeSource {
    package init() {}

    package var now: Timestamp {
        Timestamp(nanoseconds: Int64(Date().timeIntervalSince1970 * 1_000_000_000))
    }

    package func sleep(until instant: Timestamp) async throws {
        let rest = instant - now
        if rest > .zero { try await Task.sleep(for: rest) }
    }
}

/// Real UUIDs.
package struct RandomIDs: IDSource {
    package init() {}
    package func newID() -> String { UUID().uuidString.lowercased() }
}

/// Calls the body with an empty folder, which is removed afterwards.
package func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appending(path: "keptn-\(UUID().uuidString)").path()
    try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
    do {
        let result = try await body(folder)
        try files.removeItem(atPath: folder)
        return result
    } catch {
        try files.removeItem(atPath: folder)
        throw error
    }
}

/// Asks again and again until the condition holds, and records an issue when it never does.
package func eventually(
    within patience: Duration = .seconds(60), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + patience
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("did not happen within \(patience): \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}
