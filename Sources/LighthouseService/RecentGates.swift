import CloudEvents
import Core
import KeptnModel
import Ports
import SpecFiles

private struct ReadObjectives: Sendable {
    let slo: SLO?
    /// Of the file.
    let bytes: Int
}

/// What evaluations of the same service read again and again: its objectives, and the verdicts that it is compared
/// with. Neither ever changes: objectives are known by their bytes, verdicts by their place in the log.
struct RecentGates: Sendable {
    /// In numbers, about 16 bytes each: of one generation.
    private static let numbersMax = 250_000
    private static let bytesMax = 4 << 20

    private let objectives = RecentValues<[UInt8], ReadObjectives>(costMax: bytesMax) { $0.bytes + 1024 }
    private let evaluations = RecentValues<Position, PreviousEvaluation?>(costMax: numbersMax) { evaluation in
        (evaluation?.values ?? []).reduce(16) { $0 + 8 + $1.samples.count }
    }

    /// Nil for an empty file. Throws `InvalidFile`, each time anew.
    func slo(_ file: ConfigurationFile) async throws -> SLO? {
        try await objectives.value(file.bytes) {
            ReadObjectives(slo: try SpecFiles.slo(file.bytes, file: file.path).value, bytes: file.bytes.count)
        }.slo
    }

    /// Nil for one that cannot be compared with.
    func evaluation(_ recorded: RecordedEvent) async throws -> PreviousEvaluation? {
        try await evaluations.value(recorded.position) {
            recorded.event.json.flatMap { PreviousEvaluation(eventID: recorded.event.id, data: $0) }
        }
    }
}
