import CloudEvents
import Foundation
import Ports
import ProcessRuntime
import TestSupport
import Testing

@Suite("Output of programs") struct OutputFolderTests {
    @Test("What was written long ago is removed, and nothing else")
    func old() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            for (name, age) in [("old.log", 7200.0), ("new.log", 0)] {
                let path = "\(folder)/\(name)"
                try Data("socks".utf8).write(to: URL(filePath: path))
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
            }
            let outputs = OutputFolder(folder: folder)
            #expect(try await outputs.removeAll(savedBefore: SystemTime().now - .seconds(3600)) == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["new.log"])
            let error = await #expect(throws: KeptnError.self) {
                try await OutputFolder(folder: "\(folder)/none").removeAll(savedBefore: SystemTime().now)
            }
            #expect(error?.code == .unavailable)
        }
    }
}
