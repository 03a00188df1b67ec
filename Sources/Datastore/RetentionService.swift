import CloudEvents
package import Logging
package import Ports
package import ServiceLifecycle

/// Removes what is older than an age, once an hour: runs from the store, a little at a time, reports of tests, and
/// what the programs of actions have written.
package struct RetentionService: Service {
    private static let interval = Duration.seconds(3600)
    /// Events that are looked at in one step: the writer of the store is busy for a few milliseconds.
    static let stepSize = 256
    /// Between two steps, so that others get most of the disk.
    private static let pause = Duration.milliseconds(20)

    private let store: any RetentionStore
    private let reports: any TestReports
    private let outputs: any AgingFiles
    private let age: Duration
    private let time: any TimeSource
    private let logger: Logger

    package init(
        store: any RetentionStore, reports: any TestReports, outputs: any AgingFiles, age: Duration,
        time: any TimeSource, logger: Logger
    ) {
        self.store = store
        self.reports = reports
        self.outputs = outputs
        self.age = age
        self.time = time
        self.logger = logger
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await self.sweepAndLog()
                try await self.time.sleep(for: Self.interval)
            }
        }
    }

    private func sweepAndLog() async {
        await logged("events") { try await sweep() }
        await logged("reports") { try await reports.removeAll(savedBefore: time.now - age) }
        await logged("outputs") { try await outputs.removeAll(savedBefore: time.now - age) }
    }

    private func logged(_ what: String, _ remove: () async throws -> Int) async {
        do {
            let removed = try await remove()
            if removed > 0 { logger.info("old \(what) were removed", metadata: ["keptn.\(what)": "\(removed)"]) }
        } catch is CancellationError {
            // The server ends.
        } catch {
            logger.warning("old \(what) stay for now", metadata: ["error.message": "\(error)"])
        }
    }

    /// Removes all runs that are old now, and says how many events that were.
    package func sweep() async throws -> Int {
        let instant = time.now - age
        var removed = 0
        var position = Position.start
        while true {
            let step = try await store.removeRuns(olderThan: instant, after: position, lookingAt: Self.stepSize)
            removed += step.removed
            guard let next = step.next else { return removed }
            position = next
            try await time.sleep(for: Self.pause)
        }
    }
}
