import Foundation
import GitRepositories
import Ports
import TestSupport
import Testing

private typealias Contract = VersionedFilesContract

/// What only the Git implementation promises: Git itself can work with it, and a crash leaves nothing half.
@Suite("GitRepositories", .timeLimit(.minutes(5)))
struct GitRepositoriesTests {
    @Test("Git reads what we wrote and finds nothing wrong with it")
    func gitReads() async throws {
        try await withTemporaryFolder { folder in
            let files = try await GitRepositories(folder: folder)
            var tip = try await Contract.sockshop(files)
            tip = try await files.commit(
                Contract.change(
                    [
                        "a": .remove, "carts/metadata.yaml": .write(Array("x: 1\n".utf8)), "ä b/c": .write([0xFF, 0]),
                        "carts-a/b": .write([]), "carts.a": .write([1]),
                    ], message: "Updated resource"), to: "master", in: "sockshop", expecting: tip)
            tip = try await files.commit(
                Contract.change(
                    [
                        "carts": .remove, "ä b": .remove, "carts-a": .remove, "carts.a": .remove, "own": .remove,
                    ], message: "emptied"), to: "master", in: "sockshop", expecting: tip)
            let repository = "\(folder)/sockshop.git"
            #expect(try await git(repository, "fsck", "--full", "--strict") == "")
            #expect(try await git(repository, "symbolic-ref", "HEAD") == "refs/heads/master\n")
            #expect(
                try await git(repository, "log", "--format=%an <%ae>|%cn <%ce>|%at|%s", "master")
                    == ["emptied", "Updated resource", "wrote own/m", "wrote a"].map {
                        "keptn <keptn@keptn.sh>|keptn <keptn@keptn.sh>|1700000000|\($0)\n"
                    }.joined())
            #expect(
                try await git(repository, "ls-tree", "-r", "-z", "--name-only", "master~1")
                    == "carts-a/b\0carts.a\0carts/metadata.yaml\0own/m\0ä b/c\0")
            #expect(try await git(repository, "cat-file", "-p", "master~1:carts/metadata.yaml") == "x: 1\n")
            #expect(try await git(repository, "rev-parse", "master") == "\(tip)\n")

            // And the other way: packed objects, packed references, somebody else's commit.
            _ = try await git(repository, "gc", "--quiet", "--prune=now")
            #expect(try await files.head(of: "master", in: "sockshop") == tip)
            let dev = try await git(repository, "rev-parse", "dev^{tree}").dropLast()
            let foreign = try await git(repository, "commit-tree", String(dev), "-p", tip, "-m", "by hand").dropLast()
            _ = try await git(repository, "update-ref", "refs/heads/master", String(foreign))
            #expect(try await files.head(of: "master", in: "sockshop") == String(foreign))
            let paths = try await files.paths(under: nil, at: String(foreign), in: "sockshop")
            #expect(paths.map(\.text) == ["a", "own/d"])
            let last = try await files.commit(
                Contract.write("b", "b"), to: "master", in: "sockshop", expecting: String(foreign))
            #expect(try await git(repository, "rev-parse", "master^") == "\(foreign)\n")
            #expect(try await files.head(of: "master", in: "sockshop") == last)
            #expect(try await git(repository, "fsck", "--full", "--strict") == "")
        }
    }

    @Test("Executables stay executable; links and names against the rules are left out")
    func foreignTrees() async throws {
        try await withTemporaryFolder { folder in
            let files = try await GitRepositories(folder: folder)
            let tip = try await Contract.sockshop(files)
            let repository = "\(folder)/sockshop.git"
            let blob = try await git(repository, "rev-parse", "master:a").dropLast()
            let listing =
                "100755 blob \(blob)\trun\n120000 blob \(blob)\tlink\n100644 blob \(blob)\t~home\n"
                + "100644 blob \(blob)\tplain\n"
            let tree = try await git(repository, input: listing, "mktree").dropLast()
            let commit = String(
                try await git(repository, "commit-tree", String(tree), "-p", tip, "-m", "by hand").dropLast())
            _ = try await git(repository, "update-ref", "refs/heads/master", commit)
            #expect(try await files.paths(under: nil, at: commit, in: "sockshop").map(\.text) == ["plain", "run"])
            #expect(try await files.entries(of: nil, at: commit, in: "sockshop").map(\.name) == ["plain", "run"])
            #expect(try await files.read(RepositoryPath("link"), at: commit, in: "sockshop") == nil)

            let changed = try Contract.change(["run": .write([1]), "link": .write([2])])
            _ = try await files.commit(changed, to: "master", in: "sockshop", expecting: commit)
            #expect(
                try await git(repository, "ls-tree", "--format=%(objectmode) %(path)", "master")
                    == "100644 link\n100644 plain\n100755 run\n100644 ~home\n")
        }
    }

    @Test("What a crash has left is gone after the next start, and does not stop anybody")
    func crashLeftovers() async throws {
        try await withTemporaryFolder { folder in
            let first = try await GitRepositories(folder: folder)
            let tip = try await Contract.sockshop(first)
            // A creation and a removal that were cut off, and locks of references that were about to move.
            for leftover in [".under-way-abc123/new/objects", ".under-way-def456/old/refs/heads"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(leftover)", withIntermediateDirectories: true)
            }
            for lock in ["refs/heads/master.lock", "packed-refs.lock", "HEAD.lock"] {
                try Data().write(to: URL(filePath: "\(folder)/sockshop.git/\(lock)"))
            }
            await #expect(throws: KeptnError.self) {
                _ = try await first.commit(Contract.write("b", "1"), to: "master", in: "sockshop", expecting: tip)
            }
            #expect(try await first.repositories() == ["sockshop"])

            let second = try await GitRepositories(folder: folder)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["sockshop.git"])
            let new = try await second.commit(
                Contract.write("b", "1"), to: "master", in: "sockshop", expecting: tip)
            #expect(try await second.head(of: "master", in: "sockshop") == new)
            #expect(try await git("\(folder)/sockshop.git", "fsck", "--full", "--strict") == "")
        }
    }

    @Test("A creation that fails leaves nothing")
    func failedCreation() async throws {
        try await withTemporaryFolder { folder in
            let files = try await GitRepositories(folder: folder)
            let twice = NewBranch(name: "master", commit: try Contract.write("a", "a"))
            await #expect(throws: KeptnError.self) {
                try await files.create("sockshop", root: Contract.change([:]), branches: [twice, twice])
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test("A second opening of the folder finds everything")
    func reopening() async throws {
        try await withTemporaryFolder { folder in
            let tip = try await Contract.sockshop(GitRepositories(folder: folder))
            let files = try await GitRepositories(folder: folder)
            #expect(try await files.repositories() == ["sockshop"])
            #expect(try await files.head(of: "master", in: "sockshop") == tip)
        }
    }

    @Test("A repository that is no longer there, or is none, is an error of its own")
    func brokenRepositories() async throws {
        try await withTemporaryFolder { folder in
            let files = try await GitRepositories(folder: folder)
            try await Contract.sockshop(files)
            try FileManager.default.removeItem(atPath: "\(folder)/sockshop.git")
            let gone = await #expect(throws: KeptnError.self) { try await files.head(of: "master", in: "sockshop") }
            #expect(gone?.code == .notFound)

            try FileManager.default.createDirectory(atPath: "\(folder)/odd.git", withIntermediateDirectories: true)
            try Data("no folder".utf8).write(to: URL(filePath: "\(folder)/file.git"))
            for name in ["odd", "file"] {
                await #expect(throws: KeptnError.self) { try await files.head(of: "master", in: name) }
            }
        }
    }
}
