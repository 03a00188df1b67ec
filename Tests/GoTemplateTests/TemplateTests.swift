import CloudEvents
import Foundation
import GoTemplate
import Testing

@Suite("Go templates")
struct TemplateTests {
    @Test("There are a few hundred cases")
    func cases() {
        #expect(RecordedCase.all.count > 900)
    }

    @Test("We answer as Go does", arguments: RecordedCase.all)
    func asGo(_ recorded: RecordedCase) throws {
        let missingKey = try #require(Template.MissingKey(rawValue: recorded.missingKey))
        #expect(Self.answer(recorded.template, recorded.data, missingKey) == recorded.answer)
    }

    private static func answer(
        _ text: String, _ data: JSON, _ missingKey: Template.MissingKey
    ) -> RecordedCase.Answer {
        do throws(TemplateMistake) {
            let template = try Template(text)
            do throws(TemplateMistake) {
                return .output(try template.rendered(with: data, missingKey: missingKey))
            } catch {
                return .fails(line: error.line)
            }
        } catch {
            return .refused(line: error.line)
        }
    }

    @Test("Go still says what is recorded", .enabled(if: Python.path != nil || Python.isDemanded))
    func recorded() throws {
        let python = try #require(Python.path, "KEPTN_TEST_PYTHON must be set in CI")
        let (status, output) = try Python.run(python, RecordedCase.folder.appending(path: "check.py").path)
        #expect(status == 0, "\(output)")
        #expect(output.hasSuffix("846 compared\n"), "\(output)")
    }

    @Test("Other delimiters")
    func delimiters() throws {
        let template = try Template("[[ .a ]] {{ .b }}", delimiters: .init(open: "[[", close: "]]"))
        #expect(try template.rendered(with: ["a": "x"]) == "x {{ .b }}")
    }
}

// MARK: - Mistakes

extension TemplateTests {
    static let mistakes: [(template: String, mistake: String)] = [
        (
            "a\n  {{ bad }}",
            "line 2, column 6: there is no function 'bad'; a field is .bad, and functions are and, call"
        ),
        ("{{if .a}}\nx", "line 1, column 3: 'if' is never closed with 'end'"),
        ("é {{.a", "line 1, column 3: '{{' is never closed with '}}'"),
        ("{{end}}", "line 1, column 3: 'end' closes nothing here"),
        ("{{else}}", "line 1, column 3: 'else' stands in no if, with or range"),
        ("{{if 1}}{{else}}{{else}}{{end}}", "line 1, column 3: 'if' has a second 'else'"),
        ("{{if 1}}{{else with 1}}{{end}}", "line 1, column 16: the 'else' of 'if' cannot go on with 'with'"),
        ("{{break}}", "line 1, column 3: 'break' stands in no range"),
        ("{{.a-b}}", "line 1, column 5: '.a' cannot be followed by '-'; for such a key write: index . \"name\""),
        ("{{$x}}", "line 1, column 3: there is no variable $x; here are $"),
        ("{{(1}}", "line 1, column 3: '(' is never closed with ')'"),
        ("{{1)}}", "line 1, column 4: ')' closes no '('"),
        ("{{}}", "line 1, column 3: an action has no value"),
        ("{{if}}{{end}}", "line 1, column 3: if has no value"),
        ("{{.a | 1}}", "line 1, column 8: what is piped goes to a function, not to '1'"),
        ("{{\"a}}", "line 1, column 3: the string that begins here is not closed with \" on its line"),
        ("{{/* a }}", "line 1, column 1: the comment is never closed with '*/'"),
        ("{{\"\\z\"}}", "line 1, column 3: '\\z' is no escape: there are \\n"),
        ("{{1__0}}", "line 1, column 3: '1__0' is no number"),
        ("{{9223372036854775808}}", "line 1, column 3: '9223372036854775808' is no whole number of 64 bits"),
        ("{{'ab'}}", "line 1, column 3: 'ab' is not one character; text stands in \"\""),
        ("{{template x}}", "line 1, column 12: 'template' needs a name in quotes, not 'x'"),
        ("{{if 1}}{{define \"t\"}}{{end}}{{end}}", "line 1, column 11: 'define' cannot stand inside of a block"),
        ("{{define \"t\"}}x{{end}}{{define \"t\"}}y{{end}}", "line 1, column 25: there is already a template \"t\""),
        ("{{print\"a\"}}", "line 1, column 8: 'print' cannot be followed by '\"'"),
        ("{{print (1)(2)}}", "line 1, column 12: in front of '(' a space is missing"),
        ("\u{1}{{\u{1}}}", "line 1, column 4: an action cannot have the character U+0001"),
    ]

    @Test("What does not compile is refused with the place and what would be right", arguments: mistakes)
    func refused(_ template: String, _ mistake: String) {
        let error = #expect(throws: TemplateMistake.self) { try Template(template) }
        #expect(error?.description.hasPrefix(mistake) == true, "\(error?.description ?? "")")
    }

    static let failures: [(template: String, mistake: String)] = [
        ("{{.b}}", "line 1, column 3: '.b': there is no key 'b', only: a, n, o"),
        ("{{.o.x}}", "line 1, column 3: '.o.x': there is no key 'x', and no other"),
        ("{{.a.x}}", "line 1, column 3: '.a.x': \"text\" has no field 'x'"),
        ("{{.z.x.y}}", "line 1, column 3: '.z.x.y': there is no key 'z', only: a, n, o"),
        ("{{len .n}}", "line 1, column 3: 'len .n': 3 has no length; text, lists and objects have"),
        (
            "{{eq .n 3}}",
            "line 1, column 3: 'eq .n 3': 3 and 3 cannot be compared; numbers from JSON are floats: write 3.0"
        ),
        ("{{index .a 9}}", "line 1, column 3: 'index .a 9': the index 9 is out of range; 0 to 3 are in"),
        (
            "{{range .n}}{{end}}",
            "line 1, column 3: 'range .n': range goes over lists, objects and whole numbers, not over 3"
        ),
        ("{{template \"t\"}}", "line 1, column 3: 'template \"t\"': there is no template \"t\"; defined are: none"),
        ("{{not}}", "line 1, column 3: 'not': not needs 1 arguments and has 0"),
        ("{{.a 1}}", "line 1, column 3: '.a': this is no function, so it takes no arguments"),
        (
            "{{printf \"%x\" .n}}",
            "line 1, column 3: 'printf \"%x\" .n': printf's %x is only for whole numbers and text here"
        ),
        ("{{printf \"%#v|%#g\" 1.0 1.0}}", "line 1, column 3: 'printf \"%#v|%#g\" 1.0 1.0': printf's flag '#' is not"),
        ("{{printf \"%p\" .o}}", "line 1, column 3: 'printf \"%p\" .o': printf's %p prints addresses"),
    ]

    @Test("What fails later says where and why", arguments: failures)
    func fails(_ template: String, _ mistake: String) throws {
        let template = try Template(template)
        let error = #expect(throws: TemplateMistake.self) {
            try template.rendered(with: ["a": "text", "n": 3, "o": [:]])
        }
        #expect(error?.description.hasPrefix(mistake) == true, "\(error?.description ?? "")")
    }
}

// MARK: - Bounds

extension TemplateTests {
    static let endless = [
        "{{define \"t\"}}{{template \"t\" .}}{{end}}{{template \"t\" .}}",
        "{{define \"t\"}}{{range .}}{{template \"t\" $}}{{end}}{{end}}{{template \"t\" .}}",
        (0..<100).map { "{{define \"\($0)\"}}{{template \"\($0 + 1)\"}}{{template \"\($0 + 1)\"}}{{end}}" }.joined()
            + "{{define \"100\"}}{{end}}{{template \"0\"}}",
        "{{$x := printf \"%999999s\" \"\"}}{{range 999999}}{{$y := len $x}}{{end}}",
        "{{$p := \"" + String(repeating: "%.0[1]s", count: 10_000) + "\"}}{{range 999999}}{{printf $p \"\"}}{{end}}",
        String(repeating: "{{$x := 1}}", count: 501),
        "{{range 9000000000000000000}}{{end}}",
        "{{range 9999}}{{range 9999}}{{end}}{{end}}",
        "{{$x := \"ab\"}}{{range 64}}{{$x = print $x $x}}{{end}}",
        "{{$x := \"ab\"}}{{range 64}}{{$x = printf \"%s%s\" $x $x}}{{end}}",
        "{{range 9999}}{{printf \"%999999d\" 1}}{{end}}",
        "{{range 9999}}{{printf \"%.999999f\" 1.0}}{{end}}",
        "{{printf \"" + String(repeating: "%999999[1]d", count: 50) + "\" 1}}",
        "{{$x := printf \"%999999s\" \"\"}}{{range 999999}}{{if eq $x $x}}{{end}}{{end}}",
        "{{$x := printf \"%999999s\" \"<\"}}{{range 999999}}{{$x = html $x}}{{end}}",
        "{{range 999999}}" + String(repeating: "x", count: 1000) + "{{end}}",
    ]

    @Test("No template runs without end or makes text without end", arguments: endless)
    func bounds(_ text: String) throws {
        let template = try Template(text)
        #expect(throws: TemplateMistake.self) { try template.rendered(with: [1, 2]) }
    }

    @Test("No template exhausts the stack")
    func depth() throws {
        let deep = 50_000
        let blocks = String(repeating: "{{if 1}}", count: deep) + String(repeating: "{{end}}", count: deep)
        let parentheses = "{{" + String(repeating: "(", count: deep) + "1" + String(repeating: ")", count: deep) + "}}"
        for text in [blocks, parentheses] {
            let error = #expect(throws: TemplateMistake.self) { try Template(text) }
            #expect(error?.message == "more than 64 blocks and parentheses inside of each other")
        }
        let branches = "{{if 0}}" + String(repeating: "{{else if 0}}", count: 5000) + "{{else}}x{{end}}"
        #expect(try Template(branches).rendered(with: .null) == "x")
        let many = (0..<500).map { "{{$x\($0) := 1}}" }.joined()
        #expect(throws: TemplateMistake.self) { try Template(many) }
        let number = "{{" + String(repeating: "1e+", count: 300_000) + "}}"
        #expect(#expect(throws: TemplateMistake.self) { try Template(number) }?.message.count == 403)
        #expect(throws: TemplateMistake.self) {
            try Template(String(repeating: "x", count: Template.textBytesMax + 1))
        }
    }
}

/// The interpreter of `make test-deps`.
private enum Python {
    static let path = ProcessInfo.processInfo.environment["KEPTN_TEST_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    static let isDemanded = !(ProcessInfo.processInfo.environment["CI"] ?? "").isEmpty

    static func run(_ program: String, _ script: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = [script]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
