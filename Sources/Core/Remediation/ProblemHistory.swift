package import CloudEvents
import KeptnModel

/// Which actions have been tried against a problem lately, told by the log.
///
/// A problem that comes back soon after it was closed was not solved: its next remediation goes on where the last one
/// stopped, instead of trying for ever what has not helped.
package enum ProblemHistory {
    /// How long a problem has to be away to count as a new one.
    package static let calm = Duration.seconds(900)

    /// What the answer to `get-action` tells those who come later: `get-action` of its data.
    package static func note(actionIndex: Int, problem: Problem) -> JSON {
        .object([("actionIndex", .integer(actionIndex)), ("problemID", problem.id.map { .string($0) })])
    }

    /// - Parameters:
    ///   - data: Of `get-action.triggered`; a later round of one run knows its index.
    ///   - last: The newest answer to `get-action` of another run about this problem, if there is one.
    ///   - lastSign: When the problem was last known to be there or to end, as far as that is known beside the answer.
    /// - Throws: `ActionIndexMistake` for an index that is none.
    package static func index(
        data: JSON, last: CloudEvent?, lastSign: Timestamp?, now: Timestamp
    ) throws(ActionIndexMistake) -> Int {
        if let given = data["get-action", "actionIndex"], !given.isNull {
            guard let index = given.intValue, index >= 0 else { throw ActionIndexMistake(found: given.text) }
            return index
        }
        guard let sign = [last?.time, lastSign].compactMap(\.self).max(), now - sign < calm else { return 0 }
        return last?.json?["get-action", "actionIndex"]?.intValue ?? 0
    }

    /// The newest answer about a problem; nil for one without an id.
    ///
    /// - Parameter answers: `get-action.finished` events of its place, newest first.
    package static func last(of answers: [CloudEvent], about problem: Problem) -> CloudEvent? {
        guard let id = problem.id else { return nil }
        return answers.first { $0.json?["get-action", "problemID"]?.stringValue == id }
    }
}

package struct ActionIndexMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package let found: String
    package var description: String {
        "data.get-action.actionIndex is \(found.prefix(80)); a whole number from 0 is needed"
    }
}
