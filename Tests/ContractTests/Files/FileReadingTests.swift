import Foundation
import Ports
import TestSupport
import Testing

@Suite("Reading files that may not be there") struct FileReadingTests {
    @Test("Only a file that is not there is none; one that cannot be read is an error")
    func reading() async throws {
        try await withTemporaryFolder { folder in
            #expect(try FileReading.bytes(of: "\(folder)/nothing") == nil)
            try Data([1, 2]).write(to: URL(filePath: "\(folder)/file"))
            #expect(try FileReading.bytes(of: "\(folder)/file") == [1, 2])
            #expect(try FileReading.bytes(of: "\(folder)/file/below") == nil)
            let error = #expect(throws: KeptnError.self) { try FileReading.bytes(of: folder) }
            #expect(error?.message == "\(folder) cannot be read: Is a directory")
        }
    }
}
