import Foundation
import Ports
import ProcessRuntime
import Subprocess
import TestSupport
import Testing

/// Archives of strangers, made by Python's zipfile, which also makes what no honest program would.
@Suite("Zip archives", .timeLimit(.minutes(5)))
struct ZipReaderTests {
    /// Runs Python code that writes to the zip `z`, and reads what came out.
    private func read(_ python: String, bytesMax: Int = 1 << 20) async throws -> [String: [UInt8]] {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/made.zip"
            let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)\n"
            let made = try await run(
                .name("python3"), arguments: ["-c", script + python + "\nz.close()", path], output: .discarded,
                error: .string(limit: 1 << 16))
            try #require(made.terminationStatus.isSuccess, "\(made.standardError)")
            let bytes = try Array(Data(contentsOf: URL(filePath: path)))
            let files = try await reader(folder).files(of: bytes, bytesMax: bytesMax)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["made.zip"], "it cleans up")
            return files
        }
    }

    private func reader(_ folder: String) -> ZipReader {
        ZipReader(folder: folder, time: SystemTime(), ids: SystemIDs())
    }

    private func refusal(_ python: String, bytesMax: Int = 1 << 20) async -> String {
        let error = await #expect(throws: KeptnError.self) { _ = try await read(python, bytesMax: bytesMax) }
        #expect(error?.code == .unsupportedMediaType)
        return error?.message ?? ""
    }

    @Test("Files come out with their bytes, whatever their names")
    func files() async throws {
        let files = try await read(
            """
            for name in ['manifest.yaml', 'a folder/b*c?[d].txt', '-x', 'ü.txt', 'a', 'aa']: z.writestr(name, name)
            z.writestr('empty', '')
            z.writestr('binary', bytes(range(256)))
            z.writestr('folder/', '')
            """)
        let names = ["manifest.yaml", "a folder/b*c?[d].txt", "-x", "ü.txt", "a", "aa"]
        #expect(Set(files.keys) == Set(names + ["empty", "binary"]))
        for name in names { #expect(files[name] == Array(name.utf8), "\(name)") }
        #expect(files["empty"] == [])
        #expect(files["binary"] == Array(0...255))
    }

    @Test("Names that lead out of the archive are refused", arguments: ["../x", "/etc/x", "a/../../x", ".git/config"])
    func traversal(name: String) async throws {
        #expect(await refusal("z.writestr('good', 'x')\nz.writestr('\(name)', 'x')").contains(name))
    }

    @Test("More bytes or more files than are allowed are refused, whatever the archive says of itself")
    func bombs() async throws {
        let zeros = "z.writestr('zeros', bytes(3 << 20))"
        #expect(await refusal(zeros).contains("more than may be unpacked"))
        #expect(try await read(zeros, bytesMax: 3 << 20)["zeros"]?.count == 3 << 20)
        #expect(await refusal("for n in range(2): z.writestr(str(n), bytes(600 << 10))").contains("more than may be"))
        #expect(await refusal("for n in range(257): z.writestr(str(n), 'x')").contains("257"))
        let lying = """
            z.writestr('zeros', bytes(3 << 20))
            z.infolist()[0].file_size = 10
            """
        _ = await refusal(lying)
    }

    @Test("What is no zip archive is refused", arguments: ["", "PK", "not a zip", String(repeating: "x", count: 99)])
    func noZip(text: String) async throws {
        try await withTemporaryFolder { folder in
            let error = await #expect(throws: KeptnError.self) {
                _ = try await reader(folder).files(of: Array(text.utf8), bytesMax: 100)
            }
            #expect(error?.code == .unsupportedMediaType)
        }
    }
}
