package import KeptnModel

/// What a trigger leads to, decided from the shipyard of its commit.
package enum SequencePlan: Sendable, Hashable {
    case ready(SequenceDefinition, gitCommitID: String?)
    /// The sequence cannot run; it ends at once with this message, errored and failed.
    case unusable(String)

    /// Every stage has a sequence of this name even if its shipyard does not say so.
    package static let evaluation = "evaluation"

    /// Looks a sequence up in a shipyard (K §2.3.2).
    package static func find(
        _ sequence: String, in stage: String, of shipyard: Shipyard, gitCommitID: String?
    ) -> SequencePlan {
        guard let found = shipyard.stage(stage) else {
            return .unusable(
                "Unable to find stage \(stage) in the shipyard, which has \(list(shipyard.stages.map(\.name)))")
        }
        let tasks: [Shipyard.Task]
        if let known = found.sequences.first(where: { $0.name == sequence }) {
            tasks = known.tasks
        } else if sequence == evaluation {
            tasks = [Shipyard.Task(name: evaluation)]
        } else {
            return .unusable(
                "Unable to find sequence \(sequence) in stage \(stage), which has \(list(found.sequences.map(\.name)))")
        }
        guard !tasks.isEmpty else {
            return .unusable("Unable to start sequence \(sequence) in stage \(stage): it has no tasks")
        }
        let definition = SequenceDefinition(
            name: sequence, tasks: tasks, followers: followers(of: sequence, in: stage, shipyard))
        return .ready(definition, gitCommitID: gitCommitID)
    }

    private static func followers(
        of sequence: String, in stage: String, _ shipyard: Shipyard
    ) -> [SequenceDefinition.Follower] {
        let event = "\(stage).\(sequence).finished"
        return shipyard.stages.flatMap { stage in
            stage.sequences.flatMap { candidate in
                candidate.triggeredOn.filter { $0.event == event }.map {
                    SequenceDefinition.Follower(stage: stage.name, sequence: candidate.name, match: $0.match)
                }
            }
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map { "'\($0)'" }.joined(separator: ", ")
    }
}

extension SequenceDefinition.Follower {
    /// Whether this sequence starts after that one (K §2.3.5): without a selector on pass and warning; with one when
    /// the last result is the one of `result`, or of `TASK.result` where TASK is the last task that ran.
    func follows(_ execution: SequenceExecution) -> Bool {
        guard let result = execution.outcome?.result else { return false }
        guard !match.isEmpty else { return result != .fail }
        if match["result"] == result.rawValue { return true }
        guard let last = execution.finishedTasks.last else { return false }
        return match["\(last.name).result"] == result.rawValue
    }
}
