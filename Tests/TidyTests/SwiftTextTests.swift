import Testing

@Suite("Reading Swift files")
struct SwiftTextTests {
    @Test(
        "Comments and strings are blanked, interpolations stay code",
        arguments: [
            ("let a = 1 // try!", "let a = 1"),
            ("/* a /* b */ c */ d", "d"),
            ("f(\"try! \\\" x\") + g", "f(\"\") + g"),
            ("\"\\(a ?? \"b)\") c\" d", "\"a ?? \"\"\" d"),
            ("#\"a \" b\"# c", "#\"\"# c"),
        ])
    func blanking(source: String, code: String) {
        let text = SwiftText(source).lines.joined(separator: "\n")
        #expect(text.filter { $0 != " " } == code.filter { $0 != " " })
        #expect(text.count == source.count)
    }

    @Test("Functions are found with their first and last line, declarations without a body are not")
    func functions() {
        let source = """
            protocol P {
                func a(_ b: () -> Void)
                init()
            }
            struct S {
                package static func long(
                    x: Int = { 1 }()
                ) -> Int
                where Int: Sendable {
                    if x > 0 { "}" }
                    return x
                }
                let text = a.init("{")
                init() {}
            }
            """
        let functions = SwiftText(source).functions.map { "\($0.name) \($0.first)-\($0.last)" }
        #expect(functions == ["func long 6-12", "init 14-14"])
    }
}
