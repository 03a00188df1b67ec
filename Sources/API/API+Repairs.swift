import CloudEvents
import Core
import KeptnModel
import Ports

extension API {
    /// Ended remediations of all projects, each with its problem and what was done about it.
    func repairedOverview(_ request: APIRequest) async throws -> APIResponse {
        let page = try Page(request)
        if let project = request.query("project") { try request.caller.require(project: project) }
        let all = try await parts.configuration.projectNames().filter(request.caller.grant.reaches)
        let projects = request.query("project").map { [$0] } ?? all
        let found = try await parts.store.endedRemediations(in: projects, offset: page.offset, limit: page.size)
        var runs: [JSON] = []
        for run in found.runs { runs.append(Self.summary(run).merging(try await repair(by: run))) }
        return .json(page.list("runs", runs, total: found.total))
    }

    /// So many of the newest actions of a run are listed.
    private static let actionsMax = 20
    /// Tasks of a remediation that change nothing: what else there is, is an action.
    private static let lookingOn: Set = ["get-action", "approval", "evaluation"]

    private func repair(by run: SequenceRun) async throws -> JSON {
        let tasks = run.executions.flatMap(Repair.tasks).filter { !Self.lookingOn.contains($0.name) }
        let shown = tasks.suffix(Self.actionsMax)
        // A finished task has its outcome; which action it was is said by the event that triggered it.
        var actions: [String: JSON] = [:]
        for task in shown where task.name == "action" {
            var query = EventQuery()
            (query.id, query.context, query.limit) = (task.eventID, run.context, 1)
            actions[task.eventID] = try await parts.store.events(query).first?.event.json?["action"]
        }
        let payload = run.executions[0].payload
        return [
            "problem": payload["problem", "problemTitle"] ?? payload["problem", "ProblemTitle"],
            "actionCount": .integer(tasks.count),
            "actions": .array(shown.map { $0.json(actions[$0.eventID]) }),
        ]
    }
}

/// Something that a remediation did.
private struct Repair {
    let name: String
    let eventID: String
    /// Nil when nobody waited for its end.
    let outcome: SequenceExecution.Outcome?
    let finishedAt: Timestamp?

    /// The tasks that were triggered, in their order.
    static func tasks(of execution: SequenceExecution) -> [Repair] {
        var tasks = execution.finishedTasks.map {
            Repair(name: $0.name, eventID: $0.eventID, outcome: $0.outcome, finishedAt: $0.finishedAt)
        }
        if let task = execution.task, task.index >= tasks.count, case .sent(let id, _, _) = task.phase {
            tasks.append(Repair(name: task.name, eventID: id, outcome: nil, finishedAt: nil))
        }
        return tasks
    }

    /// - Parameter action: What the task was told to do, where it was.
    func json(_ action: JSON?) -> JSON {
        [
            "task": .string(name), "action": action?["action"], "name": action?["name"],
            "description": action?["description"], "result": outcome.map { .string($0.result.rawValue) },
            "message": outcome.map { .string($0.message) }, "finishedAt": finishedAt.map { .string($0.rfc3339) },
        ]
    }
}
