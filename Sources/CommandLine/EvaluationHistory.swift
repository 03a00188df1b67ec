import CloudEvents
import Core
import FoundationEssentials
import KeptnModel
import Ports

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The file in which `keptn evaluate` keeps what it has judged: one JSON object a line, oldest first.
///
///     {"id": …, "time": …, "project": …, "stage": …, "service": …, "result": "pass", "evaluation": {…}}
///
/// `evaluation` is that of Keptn's evaluation.finished events. Lines may be taken out by hand; a line with
/// `"invalidated": true` is passed over.
struct EvaluationHistory {
    private let path: String
    private let entries: [JSON]

    /// Throws for a line that is no JSON object, with its number.
    init(file path: String) throws {
        self.path = path
        let bytes = try FileReading.bytes(of: path) ?? []
        entries = try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .compactMap { index, line in
                if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { return nil }
                do {
                    let entry = try JSON(parsing: line)
                    guard entry.kind == .object else { throw KeptnError(.invalidInput, "no object but \(entry.kind)") }
                    return entry
                } catch {
                    throw KeptnError(.invalidInput, "\(path):\(index + 1): not an earlier evaluation: \(error)")
                }
            }
    }

    /// Those that an evaluation of this place is compared with, newest first.
    func previous(_ rule: ComparisonRule, _ scope: Scope) -> [PreviousEvaluation] {
        let names = [("project", scope.project), ("stage", scope.stage), ("service", scope.service)]
        return entries.reversed().lazy
            .filter { entry in
                names.allSatisfy { (entry[$0.0]?.stringValue ?? "") == $0.1 } && entry["invalidated"]?.boolValue != true
            }
            .filter { entry in
                guard let wanted = rule.includedResults else { return true }
                return entry["result"]?.stringValue.flatMap(KeptnResult.init).map(wanted.contains) ?? false
            }
            .compactMap { PreviousEvaluation(eventID: $0["id"]?.stringValue ?? "", data: $0) }
            .prefix(rule.resultsMax).map { $0 }
    }

    /// Adds a line in one write, and waits until it is on the disk.
    func append(_ report: GateReport, _ evaluation: JSON, id: String) throws {
        let entry: JSON = [
            "id": .string(id), "time": .string(report.now.rfc3339), "project": .string(report.scope.project),
            "stage": .string(report.scope.stage), "service": .string(report.scope.service),
            "result": .string(report.outcome.result.rawValue), "evaluation": evaluation,
        ]
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw KeptnError(.unavailable, "--history \(path) cannot be written: error \(errno)")
        }
        defer { close(descriptor) }
        let line = Array("\(entry.text)\n".utf8)
        let count = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == line.count, fsync(descriptor) == 0 else {
            throw KeptnError(.unavailable, "--history \(path) could not be written whole: error \(errno)")
        }
    }
}
