import ConfigurationService
import Ports
import Testing

/// Pushes as Git sends them, judged without Git.
@Suite("A push")
struct ProjectHostingTests {
    private static let all = "report-status side-band-64k"
    private static let commit = String(repeating: "c", count: 40)
    private static let nothing = String(repeating: "0", count: 40)

    /// A project `sockshop`, and the answer's text to a push of these commands: the old commit `TIP` is the branch's.
    private func push(
        _ commands: [String], _ changes: [String: FileChange] = [:], capabilities: String = all,
        chunks: Int = 1_000_000, into bench: ConfigurationBench? = nil
    ) async throws -> String {
        let bench = if let bench { bench } else { try await ConfigurationBench.withSockshop() }
        let packs = InMemoryGitPacks(files: bench.files)
        packs.prepare(Self.commit, changes)
        var body: [UInt8] = []
        for (index, command) in commands.enumerated() {
            let branch = command.split(separator: "/").last.map(String.init) ?? ""
            let tip = try await bench.files.head(of: branch, in: "sockshop") ?? Self.nothing
            let text = command.replacing("TIP", with: tip).replacing("NEW", with: Self.commit)
                .replacing("NONE", with: Self.nothing)
            body += line(text + (index == 0 ? "\0 \(capabilities)" : ""))
        }
        body += Array("0000PACK...".utf8)
        let pieces = stride(from: 0, to: body.count, by: chunks).map { Array(body[$0..<min($0 + chunks, body.count)]) }
        let hosting = ProjectHosting(of: bench.service, packs: packs)
        return String(decoding: try await hosting.receive(IncomingBody(Pieces(pieces)), to: "sockshop"), as: UTF8.self)
    }

    private func line(_ text: String) -> [UInt8] {
        let length = String(text.utf8.count + 4, radix: 16)
        return Array((String(repeating: "0", count: 4 - length.count) + length + text).utf8)
    }

    @Test("What is right gets in, in whatever pieces it comes", arguments: [1, 3, 1_000_000])
    func accepted(chunks: Int) async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let answer = try await push(
            ["TIP NEW refs/heads/dev"], ["carts/slo.yaml": .write(Array(slo.utf8))], chunks: chunks, into: bench)
        #expect(answer.contains("\u{1}000eunpack ok\n0016ok refs/heads/dev\n0000"), "\(answer)")
        let tip = try #require(try await bench.files.head(of: "dev", in: "sockshop"))
        let file = try await bench.files.read(RepositoryPath("carts/slo.yaml"), at: tip, in: "sockshop")
        #expect(file == Array(slo.utf8))
    }

    @Test("A client that asks for less is told less")
    func capabilities() async throws {
        #expect(try await push(["TIP NEW refs/heads/dev"], capabilities: "") == "")
        let plain = try await push(["TIP NEW refs/heads/dev"], capabilities: "report-status")
        #expect(plain == "000eunpack ok\n0016ok refs/heads/dev\n0000")
    }

    @Test(
        "Files that would break are refused with their place, and nothing moves",
        arguments: [
            (
                "master", "shipyard.yaml", "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nspec: 1\n",
                "shipyard.yaml:3:"
            ),
            ("master", "shipyard.yaml", String(decoding: shipyard(["dev"]), as: UTF8.self), "stage name cannot be"),
            ("dev", "carts/slo.yaml", "objectives:\n- sli: 1\n  pass: x\n", "carts/slo.yaml:3:"),
            ("dev", "carts/keptn/sli.yaml", "indicators: [1]\n", "carts/keptn/sli.yaml:1:"),
            ("master", "prometheus/provider.yaml", "url: ftp://p\n", "prometheus/provider.yaml:1:6"),
            ("dev", "carts/remediation.yaml", "a: [\n", "carts/remediation.yaml:"),
            ("dev", "webhook/webhook.yaml", "a: b: c\n", "webhook/webhook.yaml:1:"),
            ("dev", "carts/process.yaml", "command: {a: b}\n", "carts/process.yaml:"),
            ("dev", "carts/metadata.yaml", "a: [\n", "carts/metadata.yaml:"),
            ("dev", "carts/../../x", "", "the path 'carts/../../x' cannot be used"),
            ("dev", "~x", "", "no part of it may begin with '~'"),
            ("dev", "a/.GIT/config", "", "Git keeps for itself"),
        ])
    func refusedFiles(branch: String, path: String, text: String, says: String) async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let tips = try await tips(bench)
        let answer = try await push(
            ["TIP NEW refs/heads/\(branch)"], [path: .write(Array(text.utf8))], into: bench)
        #expect(answer.contains("\u{2}") && answer.contains(says), "\(answer)")
        #expect(answer.contains("ng refs/heads/\(branch) ") && answer.contains(" in its files"), "\(answer)")
        #expect(try await self.tips(bench) == tips)
    }

    @Test(
        "What nobody reads as one of Keptn's files is not looked into",
        arguments: ["carts/helm/carts/templates/slo.yaml", "carts/readme.yaml", "carts/shipyard.yaml"])
    func notRead(path: String) async throws {
        let answer = try await push(["TIP NEW refs/heads/dev"], [path: .write(Array("{{ if }}".utf8))])
        #expect(answer.contains("ok refs/heads/dev"), "\(answer)")
    }

    @Test(
        "References that are none of the project's branches, or would lose commits, are refused",
        arguments: [
            ("NONE NEW refs/tags/v1", "only branches can be pushed here"),
            ("TIP NONE refs/heads/dev", "a branch goes only with its project"),
            ("NONE NEW refs/heads/feature", "there is no stage 'feature'; the branches are dev, master, prod"),
            ("NEW NEW refs/heads/dev", "fetch first"),
        ])
    func refusedReferences(command: String, says: String) async throws {
        let answer = try await push([command])
        #expect(answer.contains("ng ") && answer.contains(says) && !answer.contains("ok refs"), "\(answer)")
    }

    @Test("One bad branch keeps the others out")
    func together() async throws {
        let answer = try await push(["TIP NEW refs/heads/dev", "TIP NEW refs/tags/x"])
        #expect(answer.contains("ng refs/heads/dev another branch is refused"), "\(answer)")
    }

    @Test("A shipyard cannot be pushed away")
    func withoutShipyard() async throws {
        let answer = try await push(["TIP NEW refs/heads/master"], ["shipyard.yaml": .remove])
        #expect(answer.contains("a project cannot be without its 'shipyard.yaml'"), "\(answer)")
    }

    @Test("A pack that is of no use is told as Git does")
    func unusablePack() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let tip = try #require(try await bench.files.head(of: "dev", in: "sockshop"))
        let other = String(repeating: "d", count: 40)
        let answer = try await push(["\(tip) \(other) refs/heads/dev"], into: bench)
        #expect(answer.contains("unpack the push cannot be taken in: commits are missing"), "\(answer)")
        #expect(answer.contains("ng refs/heads/dev unpacker error"), "\(answer)")
    }

    @Test(
        "What is not Git's protocol is an error of the client",
        arguments: ["zzzz", "0003", "000ahello\n", "0040short", "0034" + String(repeating: "x", count: 48) + "0000"])
    func malformed(text: String) async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let hosting = ProjectHosting(of: bench.service, packs: InMemoryGitPacks(files: bench.files))
        await expect(.invalidInput, "this is not what Git sends") {
            _ = try await hosting.receive(IncomingBody(Array(text.utf8)), to: "sockshop")
        }
    }

    @Test("A trial without commands is answered with nothing, an unknown project with its name")
    func trialAndUnknown() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let hosting = ProjectHosting(of: bench.service, packs: InMemoryGitPacks(files: bench.files))
        #expect(try await hosting.receive(IncomingBody(Array("0000".utf8)), to: "sockshop") == [])
        await expect(.notFound, "there is no project 'nobody'") {
            _ = try await hosting.offer(.receivePack, of: "nobody", .original)
        }
        let offer = String(
            decoding: try await hosting.offer(.receivePack, of: "sockshop", .original), as: UTF8.self)
        let tip = try #require(try await bench.files.head(of: "dev", in: "sockshop"))
        #expect(offer.hasPrefix("001f# service=git-receive-pack\n0000"))
        #expect(offer.contains("\(tip) refs/heads/dev\0report-status") && offer.hasSuffix("refs/heads/prod\n0000"))
    }

    private func tips(_ bench: ConfigurationBench) async throws -> [String?] {
        var tips: [String?] = []
        for branch in ["master", "dev", "prod"] {
            tips.append(try await bench.files.head(of: branch, in: "sockshop"))
        }
        return tips
    }
}

private let slo = """
    spec_version: "1.0"
    objectives:
    - sli: response_time_p95
      pass: [{criteria: ["<600"]}]
    total_score: {pass: "90%", warning: "75%"}
    """

/// A body in pieces.
private struct Pieces: AsyncSequence, Sendable {
    typealias Failure = any Error
    let pieces: [[UInt8]]

    init(_ pieces: [[UInt8]]) { self.pieces = pieces }

    struct Iterator: AsyncIteratorProtocol {
        var pieces: [[UInt8]].Iterator
        mutating func next() async throws -> [UInt8]? { pieces.next() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(pieces: pieces.makeIterator()) }
}
