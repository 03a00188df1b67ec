import CloudEvents
import Foundation
import LoadTools
import Ports
import Testing

/// One suite for every place where reports of tests are kept.
@Suite("Reports of tests") struct TestReportsTests {
    enum Way: CaseIterable { case memory, folder }

    @Test("A report is there until it is old", arguments: Way.allCases)
    func life(_ way: Way) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keptn-reports-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let reports: any TestReports =
            switch way {
            case .memory: InMemoryTestReports(time: SystemTime())
            case .folder: ReportFolder(folder: folder.path)
            }
        try await reports.save([1], id: "a")
        try await reports.save([2], id: "a")
        try await reports.save([3], id: "b")
        #expect(try await reports.report(id: "a") == [2])
        #expect(try await reports.report(id: "c") == nil)
        #expect(try await reports.removeAll(savedBefore: SystemTime().now - .seconds(60)) == 0)
        #expect(try await reports.report(id: "b") == [3])
        #expect(try await reports.removeAll(savedBefore: SystemTime().now + .seconds(60)) == 2)
        #expect(try await reports.report(id: "b") == nil)
    }
}
