import Foundation
import Ports
import ProcessRuntime
import Subprocess
import TestSupport
import Testing

/// Charts of strangers, made by Python's tarfile, which also makes what no honest program would.
@Suite("Charts", .timeLimit(.minutes(5)))
struct TarChartsTests {
    /// Runs Python code that adds to the archive `t`, and reads what came out.
    private func read(_ python: String) async throws -> [String: [UInt8]] {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/made.tgz"
            let script = """
                import io, sys, tarfile
                t = tarfile.open(sys.argv[1], 'w:gz')
                def add(name, data=b'x', **more):
                    m = tarfile.TarInfo(name); m.size = len(data)
                    for key, value in more.items(): setattr(m, key, value)
                    t.addfile(m, io.BytesIO(data))
                \(python)
                t.close()
                """
            let made = try await run(
                .name("python3"), arguments: ["-c", script, path], output: .discarded, error: .string(limit: 1 << 16))
            try #require(made.terminationStatus.isSuccess, "\(made.standardError)")
            let charts = try charts(folder)
            let bytes = try Array(Data(contentsOf: URL(filePath: path)))
            let result: Result<[RepositoryPath: [UInt8]], any Error>
            do { result = .success(try await charts.files(ofChart: bytes)) } catch { result = .failure(error) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/charts") == [], "it cleans up")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["charts", "made.tgz"])
            return Dictionary(uniqueKeysWithValues: try result.get().map { ($0.key.text, $0.value) })
        }
    }

    private func charts(_ folder: String) throws -> TarCharts {
        try FileManager.default.createDirectory(atPath: "\(folder)/charts", withIntermediateDirectories: true)
        return TarCharts(folder: "\(folder)/charts", bytesMax: 1 << 20, time: MachineTime(), ids: RandomIDs())
    }

    @Test("Files come out by their paths below the one folder, whatever that is called")
    func files() async throws {
        let files = try await read(
            """
            add('any name/Chart.yaml', b'name: carts')
            add('any name/templates/a b.yaml', bytes(range(256)))
            add('any name/charts', b'', type=tarfile.DIRTYPE)
            """)
        #expect(files == ["Chart.yaml": Array("name: carts".utf8), "templates/a b.yaml": Array(0...255)])
    }

    @Test(
        "What leads elsewhere or could not be kept is refused",
        arguments: [
            ("add('c/a'); add('../x')", "'..'"),
            ("add('c/a'); add('d/a')", "exactly one folder"),
            ("add('a')", "exactly one folder"),
            ("add('c', b'', type=tarfile.DIRTYPE)", "no file"),
            ("add('c/a'); add('c/l', b'', type=tarfile.SYMTYPE, linkname='/etc/passwd')", "neither a plain file"),
            ("add('c/a'); add('c/l', b'', type=tarfile.LNKTYPE, linkname='c/a')", "neither a plain file"),
            ("add('c/a'); add('c/f', b'', type=tarfile.FIFOTYPE)", "neither a plain file"),
            ("add('c/.git/config')", "Git keeps for itself"),
            ("add('c/zeros', bytes(2 << 20))", "more than 1048576 bytes"),
        ])
    func refused(python: String, says: String) async throws {
        let error = await #expect(throws: KeptnError.self) { _ = try await read(python) }
        #expect(error?.code == .invalidInput && error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    @Test("What is no archive is refused", arguments: [[], [1, 2, 3], Array("plain text".utf8)])
    func noArchive(bytes: [UInt8]) async throws {
        try await withTemporaryFolder { folder in
            let charts = try charts(folder)
            let error = await #expect(throws: KeptnError.self) { _ = try await charts.files(ofChart: bytes) }
            #expect(error?.code == .invalidInput)
        }
    }

    @Test("Packed and unpacked it is the same, and packed twice the same bytes")
    func bothWays() async throws {
        try await withTemporaryFolder { folder in
            let charts = try charts(folder)
            var files: [RepositoryPath: [UInt8]] = [:]
            for name in ["Chart.yaml", "templates/ä b.yaml", "-x", "deep/\(String(repeating: "n", count: 200))"] {
                files[try RepositoryPath(name)] = Array(name.utf8)
            }
            let packed = try await charts.archive(ofChart: "carts", files)
            #expect(try await charts.files(ofChart: packed) == files)
            #expect(try await charts.archive(ofChart: "carts", files) == packed)
            let listing = try await run(
                .name("tar"), arguments: ["-tz"], input: .array(packed), output: .string(limit: 1 << 16),
                error: .discarded)
            #expect(listing.standardOutput.contains("carts/Chart.yaml\n"))
        }
    }
}
