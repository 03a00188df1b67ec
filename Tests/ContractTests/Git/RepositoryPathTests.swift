import Ports
import Testing

@Suite("RepositoryPath")
struct RepositoryPathTests {
    @Test(
        "Accepts what people name their files",
        arguments: [
            "a", "a/b/c", "helm/carts.tgz", "with blank/ and ümlaut.yaml", ".gitignore", ".github/x", "a.git", "git",
            "...", "a..b", "a~", "b~1", "-", "*?[]", "日本語/ファイル", "cafe\u{301}", "a:b", "'\"$(x)",
        ])
    func accepts(_ text: String) throws {
        #expect(try RepositoryPath(text).text == text)
    }

    @Test(
        "Refuses what leads out of the repository or into Git's own files, and says which path and why",
        arguments: [
            ("", "empty"), ("/", "relative"), ("/etc/passwd", "relative"), ("..", "'..'"), ("../x", "'..'"),
            ("a/../../x", "'..'"), ("a/..", "'..'"), (".", "'.'"), ("./a", "'.'"), ("a/./b", "'.'"),
            ("a//b", "empty part"), ("a/", "empty part"), ("~", "'~'"), ("~root/x", "'~'"), ("a/~x", "'~'"),
            (".git", "Git"), (".GIT/config", "Git"), ("a/.Git/hooks/post-update", "Git"), (".git.", "Git"),
            (".git /x", "Git"), (".git::$INDEX_ALLOCATION", "Git"), ("GIT~1", "Git"), (".g\u{200C}it", "Git"),
            ("a\0b", "control"), ("a\nb", "control"), ("a\u{7F}", "control"), ("a\\..\\b", "'\\'"),
        ])
    func refuses(_ text: String, _ reason: String) throws {
        let error = #expect(throws: KeptnError.self) { try RepositoryPath(text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains(reason) ?? false, "\(error?.message ?? "")")
    }

    @Test("Refuses what is too long")
    func refusesLength() {
        let part = #expect(throws: KeptnError.self) { try RepositoryPath(String(repeating: "a", count: 256)) }
        #expect(part?.message.hasSuffix("is longer than 255 bytes") ?? false)
        let whole = #expect(throws: KeptnError.self) { try RepositoryPath(String(repeating: "a/", count: 2048) + "a") }
        #expect(whole?.message.hasSuffix("is longer than 4096 bytes") ?? false)
    }

    @Test("Invisible characters are shown in the message")
    func showsInvisible() {
        let error = #expect(throws: KeptnError.self) { try RepositoryPath(".g\u{200C}it/a") }
        #expect(error?.message.contains(".g\\u{200c}it") ?? false)
    }

    @Test("Knows its folders and what lies below")
    func folders() throws {
        let path = try RepositoryPath("a/bc/d")
        #expect(path.folders.map(\.text) == ["a", "a/bc"])
        #expect(path.parts == ["a", "bc", "d"])
        #expect(try path.relative(to: RepositoryPath("a"))?.text == "bc/d")
        #expect(try path.relative(to: RepositoryPath("a/b")) == nil)
        #expect(path.relative(to: path) == nil)
        #expect(try RepositoryPath("x").appending(path).text == "x/a/bc/d")
        #expect(try RepositoryPath("\u{E9}") != RepositoryPath("e\u{301}"))
        #expect(try RepositoryPath("a/\u{301}b").folders.map(\.text) == ["a"])
    }
}
