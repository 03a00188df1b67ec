import CloudEvents
import KeptnKit
package import KeptnModel
package import Ports

/// Runs programs of the server's machine for actions: only those that the server's operator has allowed.
package struct LocalCommands: Sendable {
    /// Of a program's output, in the answer.
    private static let linesShown = 20
    private static let grace = Duration.seconds(5)

    private let allowed: Set<String>
    private let processes: any ProcessRunner
    /// An existing folder for the programs' output, in which they are started.
    private let folder: String
    private let time: any TimeSource

    /// - Parameters:
    ///   - allowed: Full paths of programs.
    ///   - processes: Not the runner of anybody else, who would take these programs for strays.
    package init(allowed: [String], processes: any ProcessRunner, folder: String, time: any TimeSource) {
        self.allowed = Set(allowed)
        self.processes = processes
        self.folder = folder
        self.time = time
    }

    /// Programs of an earlier process that still run: their tasks come again, and nobody keeps their deadlines.
    func stopStrays() async {
        await withDiscardingTaskGroup { group in
            for process in await processes.running() {
                group.addTask { await processes.stop(process, grace: Self.grace) }
            }
        }
    }

    func run(_ command: BuiltInAction.LocalCommand, for task: TaskContext) async throws -> TaskOutcome {
        guard allowed.contains(command.program) else {
            return .errored(
                "this server does not run \(command.program): its operator may allow it by 'keptn server "
                    + "--allow-command \(command.program)'")
        }
        let logFile = "\(folder)/\(task.fileName).log"
        let process = try await processes.start(
            ProcessCommand(
                program: command.program, arguments: command.arguments, environment: Self.environment(of: task),
                folder: folder, logFile: logFile))
        do {
            let exit = try await time.withDeadline(command.timeout, "the program") {
                try await processes.exited(process)
            }
            let output = await processes.lastLines(of: logFile, max: Self.linesShown)
            let told = "\(command.program) \(exit)" + (output.isEmpty ? "" : ":\n" + output.joined(separator: "\n"))
            return exit == .exited(code: 0) ? .pass(told) : .fail(told)
        } catch is DeadlineExceeded {
            await processes.stop(process, grace: Self.grace)
            return .fail("\(command.program) did not end within \(command.timeout.go), and was stopped")
        } catch {
            await processes.stop(process, grace: Self.grace)
            throw error
        }
    }

    /// What the program is told of its task.
    private static func environment(of task: TaskContext) -> [String: String] {
        [
            "KEPTN_PROJECT": task.scope.project, "KEPTN_STAGE": task.scope.stage, "KEPTN_SERVICE": task.scope.service,
            "KEPTN_CONTEXT": task.contextID, "KEPTN_EVENT_ID": task.event.id,
            "KEPTN_REPEATED": task.isRepeated ? "true" : "false",
            "KEPTN_PROBLEM": (task.data["problem"] ?? .emptyObject).text,
        ]
    }
}
