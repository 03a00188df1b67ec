import Core
import FoundationEssentials
import Ports
import ProcessRuntime
import Subprocess
import TestSupport
import Testing

@Suite("ArtifactFolder", .timeLimit(.minutes(5)))
struct ArtifactFolderTests {
    @Test("A program is kept by its content and unpacked as an executable file")
    func program() async throws {
        try await withTemporaryFolder { folder in
            let store = try store(folder)
            let reference = try await store.store(parts("#!/bin/sh\n", "echo hello\n"), name: "hello.sh")
            // By sha256sum.
            #expect(reference.digest == "bfdeaeb08cffb6a36438bcd12dda25417e3cdd36f1e7e482a2849d539225288b")
            let files = try await store.unpacked(reference)
            let result = try await run(
                .name("sh"), arguments: ["-c", "\(files)/hello.sh"], output: .string(limit: 100))
            #expect(result.standardOutput == "hello\n")
        }
    }

    @Test("The same bytes are the same artifact, under every name")
    func sameBytes() async throws {
        try await withTemporaryFolder { folder in
            let store = try store(folder)
            let first = try await store.store(parts("abc"), name: "one")
            let second = try await store.store(parts("a", "bc"), name: "two")
            // FIPS 180-4, the example for "abc".
            #expect(first.digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(second.digest == first.digest)
            _ = try await store.unpacked(first)
            let files = try await store.unpacked(second)
            #expect(try names(in: files) == ["one", "two"])
        }
    }

    @Test("An archive is unpacked once, plain or compressed", arguments: ["--create", "--create --gzip"])
    func archive(_ options: String) async throws {
        try await withTemporaryFolder { folder in
            try write("v1", to: "\(folder)/in/version.json")
            try write("#!/bin/sh\n", to: "\(folder)/in/bin/run")
            let file = try await tar(options, of: "\(folder)/in", members: ["."], into: "\(folder)/a.tar")
            let store = try store("\(folder)/artifacts")
            let reference = try await store.store(file, name: "carts.tar")
            let files = try await store.unpacked(reference)
            #expect(try names(in: files) == ["bin", "version.json"])
            #expect(try await store.unpacked(reference) == files)
        }
    }

    @Test("Archives that reach outside are refused", arguments: ["link", "parent", "pipe"])
    func refused(_ kind: String) async throws {
        try await withTemporaryFolder { folder in
            try write("x", to: "\(folder)/in/file")
            var members = ["."]
            switch kind {
            case "link":
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/in/link", withDestinationPath: "../../..")
            case "parent":
                try write("x", to: "\(folder)/outside")
                members = ["../outside"]
            default: _ = try await run(.name("mkfifo"), arguments: ["\(folder)/in/pipe"], output: .discarded)
            }
            let file = try await tar(
                "--create --absolute-names", of: "\(folder)/in", members: members, into: "\(folder)/a.tar")
            let store = try store("\(folder)/artifacts")
            let reference = try await store.store(file, name: "evil.tar")
            let error = await #expect(throws: KeptnError.self) { try await store.unpacked(reference) }
            #expect(error?.code == .invalidInput)
            #expect(error?.message.contains("evil.tar") == true)
            #expect(try names(in: "\(folder)/artifacts") == ["sha256-\(reference.digest)"])
        }
    }

    @Test("A broken archive says so")
    func broken() async throws {
        try await withTemporaryFolder { folder in
            let store = try store(folder)
            let reference = try await store.store(parts("\u{1F}"), name: "x")
            #expect(try await store.unpacked(reference).hasSuffix("files"))
            let gzip = try await store.store(Parts([[0x1F, 0x8B, 0x08, 0x00, 0x01]]), name: "broken.tgz")
            let error = await #expect(throws: KeptnError.self) { try await store.unpacked(gzip) }
            #expect(error?.message.hasPrefix("the archive 'broken.tgz' cannot be unpacked: ") == true)
        }
    }

    @Test("Bad names, empty, too large and unknown artifacts are refused, and leave nothing behind")
    func bad() async throws {
        try await withTemporaryFolder { folder in
            let store = try ArtifactFolder(folder: folder, bytesMax: 4, time: MachineTime(), ids: RandomIDs())
            for (content, name, code) in [
                (parts("abc"), "../x", KeptnError.Code.invalidInput), (parts("abc"), ".x", .invalidInput),
                (parts(), "x", .invalidInput), (parts("abc", "de"), "x", .tooLarge),
            ] {
                let error = await #expect(throws: KeptnError.self) { try await store.store(content, name: name) }
                #expect(error?.code == code)
            }
            #expect(try names(in: folder).isEmpty)
            let unknown = try #require(ArtifactReference(name: "x", digest: String(repeating: "0", count: 64)))
            let error = await #expect(throws: KeptnError.self) { try await store.unpacked(unknown) }
            #expect(error?.code == .notFound)
        }
    }

    @Test("What a killed run left unfinished is removed")
    func leftovers() async throws {
        try await withTemporaryFolder { folder in
            try write("half", to: "\(folder)/unfinished-1/content")
            _ = try store(folder)
            #expect(try names(in: folder).isEmpty)
        }
    }

    private func store(_ folder: String) throws -> ArtifactFolder {
        try ArtifactFolder(folder: folder, time: MachineTime(), ids: RandomIDs())
    }

    private func parts(_ texts: String...) -> Parts { Parts(texts.map { Array($0.utf8) }) }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func write(_ text: String, to path: String) throws {
        let folder = path[..<(path.lastIndex(of: "/") ?? path.endIndex)]
        try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    private func tar(
        _ options: String, of folder: String, members: [String], into file: String
    ) async throws -> Parts {
        let arguments =
            options.split(separator: " ").map(String.init) + ["--file", file, "--directory", folder] + members
        let result = try await run(.name("tar"), arguments: Arguments(arguments), output: .discarded)
        #expect(result.terminationStatus.isSuccess)
        let bytes = try #require(FileManager.default.contents(atPath: file))
        return Parts([Array(bytes)])
    }
}

/// An upload in parts.
struct Parts: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error
    let parts: [[UInt8]]

    init(_ parts: [[UInt8]]) { self.parts = parts }

    func makeAsyncIterator() -> Iterator { Iterator(rest: parts[...]) }

    struct Iterator: AsyncIteratorProtocol {
        typealias Failure = any Error
        var rest: ArraySlice<[UInt8]>
        mutating func next() async throws -> [UInt8]? { rest.popFirst() }
    }
}
