import CloudEvents
import Foundation
import Testing

/// A template, its data, and what Go says: `Go/cases.jsonl`.
struct RecordedCase: Sendable, CustomTestStringConvertible {
    enum Answer: Sendable, Hashable {
        case output(String)
        /// It does not compile, with the line of the mistake.
        case refused(line: Int)
        /// It compiles, and then fails on that line.
        case fails(line: Int)
    }

    let template: String
    let data: JSON
    let missingKey: String
    let answer: Answer

    var testDescription: String { template }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Go")

    static let all: [RecordedCase] = {
        guard let event = try? JSON(parsing: Array(Data(contentsOf: folder.appending(path: "event.json")))),
            let lines = try? Data(contentsOf: folder.appending(path: "cases.jsonl")).split(separator: 0x0A)
        else { return [] }
        return lines.compactMap { line in
            guard let json = try? JSON(parsing: Array(line)), let template = json["template"]?.stringValue else {
                return nil
            }
            let answer: Answer? =
                json["output"]?.stringValue.map { .output($0) } ?? json["refused"]?.intValue.map { .refused(line: $0) }
                ?? json["fails"]?.intValue.map { .fails(line: $0) }
            return answer.map {
                RecordedCase(
                    template: template, data: json["data"] ?? event,
                    missingKey: json["missing"]?.stringValue ?? "error", answer: $0)
            }
        }
    }()
}
