import Synchronization

package final class InMemoryTestReports: TestReports {
    private let reports = Mutex<[String: [UInt8]]>([:])

    package init() {}

    package func save(_ report: [UInt8], id: String) async throws { reports.withLock { $0[id] = report } }
    package func report(id: String) async throws -> [UInt8]? { reports.withLock { $0[id] } }
}
