package import CloudEvents
import Synchronization

/// Reports of tests, for tests. They are saved at the instant that the time says.
package final class InMemoryTestReports: TestReports {
    private let time: any TimeSource
    private let reports = Mutex<[String: (report: [UInt8], at: Timestamp)]>([:])

    package init(time: any TimeSource = ManualTime()) { self.time = time }

    package func save(_ report: [UInt8], id: String) async throws { reports.withLock { $0[id] = (report, time.now) } }
    package func report(id: String) async throws -> [UInt8]? { reports.withLock { $0[id]?.report } }

    package func removeAll(savedBefore instant: Timestamp) async throws -> Int {
        reports.withLock { reports in
            let count = reports.count
            reports = reports.filter { $0.value.at >= instant }
            return count - reports.count
        }
    }
}
