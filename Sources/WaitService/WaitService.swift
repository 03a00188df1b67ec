import CloudEvents
import Core
package import KeptnKit
import KeptnModel
package import Logging
package import Ports
import ServiceLifecycle

/// Waits, in place of somebody who tests or until something else is over (K §1.10).
///
/// It hears: `test` tasks by real users, which last a fixed time, and `wait` tasks, which say themselves how long.
/// `WaitTerms` says how long. It answers when the time is over, unless the sequence has ended before.
package struct WaitService: Service {
    package static let name = "wait-service"

    private let testDuration: Duration
    private let answers: DueAnswers

    /// - Parameter testDuration: How long real users test (`WAIT_DURATION`).
    package init(
        testDuration: Duration, sequences: any SequenceStore, log: any EventLog, time: any TimeSource, logger: Logger
    ) {
        self.testDuration = testDuration
        answers = DueAnswers(
            of: Self.name, tasks: ["test", WaitTerms.task], sequences: sequences, log: log, time: time, logger: logger
        ) { try? Self.answer(to: $0, testDuration) }
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version)
            .on(
                task: "test", when: { Self.isByRealUsers($0) }, announcing: { announcement($0) },
                until: { end(of: $0) }, perform: { try wait($0) }
            )
            .on(
                task: WaitTerms.task, announcing: { announcement($0) }, until: { end(of: $0) },
                perform: { try wait($0) })
    }

    package func run() async throws { try await answers.run() }

    private static func isByRealUsers(_ task: TaskContext) -> Bool { task.testStrategy == "real-user" }

    private func announcement(_ task: TaskContext) -> String {
        end(of: task).map { "waiting until \($0.rfc3339)" } ?? ""
    }

    private func end(of task: TaskContext) -> Timestamp? { try? Self.answer(to: task, testDuration)?.at }

    private func wait(_ task: TaskContext) throws -> TaskOutcome {
        // For what is wrong with its properties.
        _ = try Self.answer(to: task, testDuration)
        answers.add(task)
        return .pending
    }

    /// Nil for a test that is not by real users. Throws `UnusableProperty`.
    private static func answer(
        to task: TaskContext, _ testDuration: Duration
    ) throws(UnusableProperty) -> DueAnswers.DueAnswer? {
        let start = task.event.time ?? Timestamp(seconds: 0)
        let end: Timestamp
        if task.task == WaitTerms.task {
            end = try WaitTerms(properties: task.properties).end(triggeredAt: start)
        } else {
            guard isByRealUsers(task) else { return nil }
            end = start + testDuration
        }
        let period: JSON = ["start": .string(start.rfc3339), "end": .string(max(start, end).rfc3339)]
        return .init(
            at: end,
            outcome: .pass("waited until \(max(start, end).rfc3339)", data: .object([(task.task, period)])))
    }
}
