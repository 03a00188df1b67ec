package import CloudEvents
package import Ports
import Testing

/// What every implementation of `VersionedFiles` promises. A test target applies each of these functions to each
/// implementation, on an empty set of repositories.
package enum VersionedFilesContract {
    package static let time = Timestamp(seconds: 1_700_000_000)

    package static func change(
        _ changes: KeyValuePairs<String, FileChange>, message: String = "changed"
    ) throws -> NewCommit {
        var paths: [RepositoryPath: FileChange] = [:]
        for (path, change) in changes { paths[try RepositoryPath(path)] = change }
        return try NewCommit(message: message, author: .keptn, time: time, changes: paths)
    }

    package static func write(_ path: String, _ text: String) throws -> NewCommit {
        try change([path: .write(Array(text.utf8))], message: "wrote \(path)")
    }

    /// A repository `sockshop` with branches `master` (a, own/m) and `dev` (a, own/d).
    @discardableResult
    package static func sockshop(_ files: some VersionedFiles, name: String = "sockshop") async throws -> String {
        try await files.create(
            name, root: write("a", "root"),
            branches: [
                NewBranch(name: "master", commit: write("own/m", "m")),
                NewBranch(name: "dev", commit: write("own/d", "d")),
            ])
        return try #require(try await files.head(of: "master", in: name))
    }

    package static func creatingAndRemoving(_ files: some VersionedFiles) async throws {
        #expect(try await files.repositories() == [])
        try await sockshop(files)
        try await sockshop(files, name: "another")
        #expect(try await files.repositories() == ["another", "sockshop"])
        #expect(try await files.branches(of: "sockshop") == ["dev", "master"])

        let master = try await files.log(of: "master", in: "sockshop", limit: 10)
        let dev = try await files.log(of: "dev", in: "sockshop", limit: 10)
        #expect(master.map(\.message) == ["wrote own/m", "wrote a"])
        #expect(dev.map(\.message) == ["wrote own/d", "wrote a"])
        #expect(master.last == dev.last)
        #expect(master.first?.parent == master.last?.id)
        #expect(master.last?.parent == nil)
        #expect(master.map(\.author) == [.keptn, .keptn])
        #expect(master.map(\.time) == [time, time])

        let again = await #expect(throws: KeptnError.self) { _ = try await sockshop(files) }
        #expect(again?.code == .conflict)
        #expect(try await files.log(of: "master", in: "sockshop", limit: 10) == master)

        try await files.remove("sockshop")
        #expect(try await files.repositories() == ["another"])
        try await expect(.notFound, "sockshop") { _ = try await files.head(of: "master", in: "sockshop") }
        try await expect(.notFound, "sockshop") { try await files.remove("sockshop") }

        let root = try change(["b": .write([1])], message: "anew")
        let only = NewBranch(name: "main", commit: try change([:]))
        try await files.create("sockshop", root: root, branches: [only])
        #expect(try await files.branches(of: "sockshop") == ["main"])
        #expect(try await files.head(of: "master", in: "sockshop") == nil)
        #expect(try await files.log(of: "main", in: "sockshop", limit: 10).map(\.message) == ["anew"])
    }

    package static func unknownThings(_ files: some VersionedFiles) async throws {
        let tip = try await sockshop(files)
        let path = try RepositoryPath("a")
        for name in ["carts", "../sockshop", "sockshop/", "", ".", "a\0b"] {
            try await expect(.notFound, name) { _ = try await files.head(of: "master", in: name) }
            try await expect(.notFound, name) { _ = try await files.read(path, at: tip, in: name) }
            try await expect(.notFound, name) { _ = try await files.branches(of: name) }
            try await expect(.notFound, name) {
                _ = try await files.commit(write("a", "b"), to: "master", in: name, expecting: tip)
            }
            try await expect(.notFound, name) { try await files.remove(name) }
        }
        for branch in ["prod", "", "../heads/dev", "dev\0", "HEAD"] {
            #expect(try await files.head(of: branch, in: "sockshop") == nil)
            #expect(try await files.log(of: branch, in: "sockshop", limit: 1) == [])
        }
        for commit in ["", "master", String(tip.prefix(7)), String(repeating: "f", count: 40), tip + "0"] {
            try await expect(.notFound, commit) { _ = try await files.read(path, at: commit, in: "sockshop") }
            try await expect(.notFound, commit) { _ = try await files.size(of: path, at: commit, in: "sockshop") }
            try await expect(.notFound, commit) { _ = try await files.paths(under: nil, at: commit, in: "sockshop") }
            try await expect(.notFound, commit) { _ = try await files.entries(of: nil, at: commit, in: "sockshop") }
            try await expect(.notFound, commit) {
                _ = try await files.contains(commit, branch: "master", in: "sockshop")
            }
        }
    }

    package static func refusedNames(_ files: some VersionedFiles) async throws {
        let bad = ["", ".", "..", "a/b", ".a", "-a", "a b", "a..b", "a.", "a.lock", "a.git", "a~1", "a:b", "a\0", "ä"]
        for name in bad + [String(repeating: "a", count: 201)] {
            try await expect(.invalidInput, name) { try await sockshop(files, name: name) }
            try await expect(.invalidInput, name) {
                try await files.create(
                    "good", root: change([:]), branches: [NewBranch(name: name, commit: write("a", "a"))])
            }
        }
        #expect(try await files.repositories() == [])
        let tip = try await sockshop(files)
        for name in bad + ["HEAD"] {
            try await expect(.invalidInput, name) {
                _ = try await files.commit(write("a", "b"), to: name, in: "sockshop", expecting: tip)
            }
        }
    }

    package static func contentsComeBackAsTheyWere(_ files: some VersionedFiles) async throws {
        let tip = try await sockshop(files)
        let texts: KeyValuePairs<String, [UInt8]> = [
            "empty": [],
            "not utf-8": [0xFF, 0xFE, 0x00, 0x80, 0x0A],
            "every byte": (0...255).map { UInt8($0) },
            "line ends.txt": Array("a\r\nb\rc\n".utf8),
            "mit Leerzeichen/Übergrößenträger ä.yaml": Array("grün: ü".utf8),
            // One and two characters: two files.
            "caf\u{E9}": Array("composed".utf8),
            "cafe\u{301}": Array("decomposed".utf8),
            "combined/\u{301}mark": Array("a slash is a slash".utf8),
            "deep/\(Array(repeating: "er", count: 60).joined(separator: "/"))/file": Array("down there".utf8),
            "big": (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) },
        ]
        let contents = try texts.map { (path: try RepositoryPath($0.key), bytes: $0.value) }
        let changes = Dictionary(uniqueKeysWithValues: contents.map { ($0.path, FileChange.write($0.bytes)) })
        let new = try NewCommit(message: "contents", author: .keptn, time: time, changes: changes)
        let commit = try await files.commit(new, to: "master", in: "sockshop", expecting: tip)
        for (path, bytes) in contents {
            #expect(try await files.read(path, at: commit, in: "sockshop") == bytes, "\(path)")
            #expect(try await files.size(of: path, at: commit, in: "sockshop") == bytes.count, "\(path)")
            #expect(try await files.read(path, at: tip, in: "sockshop") == nil, "\(path)")
        }
        let expected = try contents.map(\.path) + [RepositoryPath("a"), RepositoryPath("own/m")]
        #expect(try await files.paths(under: nil, at: commit, in: "sockshop") == expected.sorted())
    }

    package static func listing(_ files: some VersionedFiles) async throws {
        let tip = try await sockshop(files)
        let commit = try await files.commit(
            change([
                "own": .remove, "f/x": .write([1]), "f/g/y": .write([1, 2]), "f-g": .write([]), "f.g/z": .write([1]),
            ]), to: "master", in: "sockshop", expecting: tip)
        func paths(_ folder: String?) async throws -> [String] {
            let folder = try folder.map { try RepositoryPath($0) }
            return try await files.paths(under: folder, at: commit, in: "sockshop").map(\.text)
        }
        #expect(try await paths(nil) == ["a", "f-g", "f.g/z", "f/g/y", "f/x"])
        #expect(try await paths("f") == ["f/g/y", "f/x"])
        #expect(try await paths("f/g") == ["f/g/y"])
        #expect(try await paths("f/x") == [])
        #expect(try await paths("nowhere") == [])
        func entries(_ folder: String?) async throws -> [FolderEntry] {
            try await files.entries(of: folder.map { try RepositoryPath($0) }, at: commit, in: "sockshop")
        }
        func kinds(_ folder: String?) async throws -> [String: FolderEntry.Kind] {
            Dictionary(uniqueKeysWithValues: try await entries(folder).map { ($0.name, $0.kind) })
        }
        #expect(try await entries(nil).map(\.name) == ["a", "f", "f-g", "f.g"])
        #expect(
            try await kinds(nil) == ["a": .file(bytes: 4), "f": .folder, "f-g": .file(bytes: 0), "f.g": .folder])
        #expect(try await kinds("f") == ["g": .folder, "x": .file(bytes: 1)])
        #expect(try await entries("f/x") == [])
        #expect(try await entries("nowhere") == [])
        #expect(try await files.read(RepositoryPath("f"), at: commit, in: "sockshop") == nil)
        #expect(try await files.size(of: RepositoryPath("f"), at: commit, in: "sockshop") == nil)
        #expect(try await files.read(RepositoryPath("a/b"), at: commit, in: "sockshop") == nil)
    }

    /// Files and folders are told apart by what is in them.
    package static func tellingApart(_ files: some VersionedFiles) async throws {
        var tip = try await sockshop(files)
        func commit(_ changes: KeyValuePairs<String, FileChange>) async throws {
            tip = try await files.commit(change(changes), to: "master", in: "sockshop", expecting: tip)
        }
        func content(_ path: String) async throws -> String? {
            try await files.content(of: RepositoryPath(path), at: tip, in: "sockshop")
        }
        try await commit(["f/x": .write([1]), "g/x": .write([1]), "g/h/y": .write([2])])
        let (f, g) = (try await content("f"), try await content("g"))
        #expect(f != nil && g != nil && f != g)
        #expect(try await content("f/x") == content("g/x"))
        #expect(try await content("f/x") != content("g/h/y"))
        let listed = try await files.entries(of: nil, at: tip, in: "sockshop")
        #expect(listed.first { $0.name == "f" }?.content == f)
        try await commit(["g/h/y": .write([3])])
        #expect(try await content("f") == f)
        #expect(try await content("g") != g)
        try await commit(["g/h/y": .write([2])])
        #expect(try await content("g") == g)
        #expect(try await content("nowhere") == nil)
    }

    package static func changes(_ files: some VersionedFiles) async throws {
        var tip = try await sockshop(files)
        func commit(_ changes: KeyValuePairs<String, FileChange>) async throws -> [String] {
            tip = try await files.commit(change(changes), to: "master", in: "sockshop", expecting: tip)
            return try await files.paths(under: nil, at: tip, in: "sockshop").map(\.text)
        }
        #expect(try await commit(["own/n": .write([1]), "a": .remove]) == ["own/m", "own/n"])
        #expect(try await commit(["own/m": .remove, "own/n": .remove, "b/c/d": .write([1])]) == ["b/c/d"])
        let before = tip
        #expect(try await commit(["nowhere": .remove, "b/x": .remove, "b/c/d/e": .remove]) == ["b/c/d"])
        #expect(try await commit(["b/c/d": .write([1])]) == ["b/c/d"])
        #expect(tip == before, "a commit that changes nothing is none")
        #expect(try await commit(["b": .remove, "c": .write([2])]) == ["c"])
        #expect(try await commit(["c": .remove]) == [])
        #expect(try await commit(["d/e": .write([3]), "f": .write([3])]) == ["d/e", "f"])

        try await expect(.invalidInput, "f/g") { _ = try await commit(["f/g": .write([1]), "f/h": .remove]) }
        try await expect(.invalidInput, "'d'") { _ = try await commit(["d": .write([1])]) }
        try await expect(.invalidInput, "x/y") { _ = try await commit(["x": .write([1]), "x/y": .write([1])]) }
        #expect(try await files.head(of: "master", in: "sockshop") == tip)
        let dev = try #require(try await files.head(of: "dev", in: "sockshop"))
        #expect(try await files.paths(under: nil, at: dev, in: "sockshop").map(\.text) == ["a", "own/d"])
    }

    package static func optimisticConcurrency(_ files: some VersionedFiles) async throws {
        let old = try await sockshop(files)
        let new = try await files.commit(write("b", "1"), to: "master", in: "sockshop", expecting: old)
        #expect(try await files.head(of: "master", in: "sockshop") == new)
        for wrong in [old, nil, String(repeating: "f", count: 40), "nonsense"] {
            try await expect(.conflict, "master") {
                _ = try await files.commit(write("b", "2"), to: "master", in: "sockshop", expecting: wrong)
            }
        }
        try await expect(.conflict, "prod") {
            _ = try await files.commit(write("b", "2"), to: "prod", in: "sockshop", expecting: new)
        }
        #expect(
            try await files.log(of: "master", in: "sockshop", limit: 10).map(\.message) == [
                "wrote b", "wrote own/m", "wrote a",
            ])
        #expect(try await files.log(of: "master", in: "sockshop", limit: 1).map(\.id) == [new])

        let first = try await files.commit(write("p", "1"), to: "prod", in: "sockshop", expecting: nil)
        #expect(try await files.log(of: "prod", in: "sockshop", limit: 10).map(\.id) == [first])
        #expect(try await files.paths(under: nil, at: first, in: "sockshop").map(\.text) == ["p"])

        #expect(try await files.contains(old, branch: "master", in: "sockshop"))
        #expect(try await files.contains(new, branch: "master", in: "sockshop"))
        #expect(try await !files.contains(new, branch: "dev", in: "sockshop"))
        #expect(try await !files.contains(first, branch: "master", in: "sockshop"))
        #expect(try await !files.contains(first, branch: "nowhere", in: "sockshop"))
    }

    /// Eight writers add ten lines each to one file; every line lands exactly once, in as many commits.
    package static func concurrentWriters(_ files: some VersionedFiles) async throws {
        try await sockshop(files)
        let lines = (0..<8).flatMap { writer in (0..<10).map { "writer \(writer) line \($0)" } }
        let path = try RepositoryPath("shared")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask {
                    for line in lines[(writer * 10)..<(writer * 10 + 10)] { try await append(line, path, files) }
                }
            }
            try await group.waitForAll()
        }
        let tip = try #require(try await files.head(of: "master", in: "sockshop"))
        let bytes = try #require(try await files.read(path, at: tip, in: "sockshop"))
        let landed = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(landed.count == lines.count)
        #expect(Set(landed) == Set(lines))
        let log = try await files.log(of: "master", in: "sockshop", limit: 1000)
        #expect(log.filter { $0.message.hasPrefix("writer") }.map(\.message).reversed() == landed)
    }

    private static func append(_ line: String, _ path: RepositoryPath, _ files: some VersionedFiles) async throws {
        while true {
            let tip = try #require(try await files.head(of: "master", in: "sockshop"))
            let before = try await files.read(path, at: tip, in: "sockshop") ?? []
            let after = before + Array("\(line)\n".utf8)
            do {
                _ = try await files.commit(
                    change([path.text: .write(after)], message: line), to: "master", in: "sockshop", expecting: tip)
                return
            } catch let error as KeptnError where error.code == .conflict {
                continue
            }
        }
    }

    /// Of many creators of one repository exactly one succeeds.
    package static func concurrentCreation(_ files: some VersionedFiles) async throws {
        let created = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<8 {
                group.addTask {
                    do {
                        try await files.create(
                            "contested", root: write("by", "\(number)"),
                            branches: [NewBranch(name: "master", commit: change([:]))])
                        return true
                    } catch let error as KeptnError where error.code == .conflict {
                        return false
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(created == 1)
        #expect(try await files.repositories() == ["contested"])
    }

    /// Expects an error of this code whose message tells the offending value.
    private static func expect(
        _ code: KeptnError.Code, _ value: String, _ body: () async throws -> Void
    ) async throws {
        let error = await #expect(throws: KeptnError.self, "\(value.debugDescription)") { try await body() }
        #expect(error?.code == code, "\(value.debugDescription): \(error?.message ?? "")")
        #expect(error?.message.contains(value) ?? false, "\(value.debugDescription): \(error?.message ?? "")")
    }
}
