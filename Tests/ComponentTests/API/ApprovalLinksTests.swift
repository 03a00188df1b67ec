import API
import CloudEvents
import Ports
import Testing

@Suite("Approval links") struct ApprovalLinksTests {
    private static let now = Timestamp(seconds: 1_700_000_000)
    private static let content = ApprovalLinks.Content(
        approval: "t-1", project: "sockshop", person: "alice \"A\" & Söhne", expires: now + .seconds(60))

    @Test("A link says what it was made for, to the same installation only")
    func good() throws {
        let links = ApprovalLinks(secret: Array(repeating: 7, count: 32))
        let text = links.text(of: Self.content)
        #expect(
            try ApprovalLinks(secret: Array(repeating: 7, count: 32)).content(of: text, at: Self.now) == Self.content)
        for other in [ApprovalLinks(secret: Array(repeating: 8, count: 32)), ApprovalLinks()] {
            #expect(throws: KeptnError.self) { try other.content(of: text, at: Self.now) }
        }
    }

    @Test("Every changed byte is noticed")
    func changed() throws {
        let links = ApprovalLinks()
        let text = Array(links.text(of: Self.content))
        for index in text.indices {
            var changed = text
            changed[index] = text[index] == "A" ? "B" : "A"
            // The last digit of a Base64 text may hold bits that stand for nothing.
            guard let known = try? links.content(of: String(changed), at: Self.now) else { continue }
            #expect(known == Self.content)
            #expect(index == text.count - 1 || text[index + 1] == ".")
        }
    }

    @Test("A link ends at its time")
    func expiry() throws {
        let links = ApprovalLinks()
        let text = links.text(of: Self.content)
        let error = #expect(throws: KeptnError.self) { try links.content(of: text, at: Self.content.expires) }
        #expect(error?.code == .forbidden)
        #expect(error?.message == "this link was good until 2023-11-14T22:14:20.000Z")
    }

    @Test("What is no link", arguments: ["", ".", "a.b", "a.b.c", "%", "W10."])
    func wrong(text: String) {
        let error = #expect(throws: KeptnError.self) { try ApprovalLinks().content(of: text, at: Self.now) }
        #expect(error?.code == .forbidden)
    }
}
