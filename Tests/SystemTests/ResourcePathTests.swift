import CloudEvents
import Foundation
import Ports
import RemoteClients
import Subprocess
import Testing

/// Names and bytes that a careless or hostile client sends, against the built server.
@Suite("Resources of all kinds", .timeLimit(.minutes(5)))
struct ResourcePathTests {
    private static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec: {stages: [{name: dev, sequences: [{name: delivery, tasks: [{name: work}]}]}]}
        """
    private static let folders = ["", "/stage/dev", "/stage/dev/service/cart"].map {
        "/resource-service/v1/project/shop\($0)/resource"
    }

    @Test("Names that lead elsewhere are refused by the body and by the path, with the reason")
    func refused() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let names = [
                ("../x", "'..' is not allowed"), ("a/../../x", "'..' is not allowed"), ("a/./b", "'.' is not allowed"),
                (".git/config", "Git keeps for itself"), ("a/.GIT/hooks/x", "Git keeps for itself"),
                (".git./config", "Git keeps for itself"), ("git~1/x", "Git keeps for itself"),
                (".g\u{200C}it/config", "Git keeps for itself"), (".git::$INDEX_ALLOCATION/x", "Git keeps for itself"),
                ("~/x", "may begin with '~'"), ("a\\b", "contains '\\'"), ("a//b", "an empty part"),
                ("a\u{0}b", "control character"), ("a\nb", "control character"),
                (String(repeating: "n", count: 256), "longer than 255 bytes"),
            ]
            for folder in Self.folders {
                for (name, says) in names {
                    let file: JSON = ["resourceURI": .string(name), "resourceContent": "eA=="]
                    let posted = try await project.server.send("POST", folder, ["resources": [file]])
                    #expect(posted.status == 400, "\(name)")
                    #expect(posted.json["message"]?.stringValue?.contains(says) == true, "\(name): \(posted.json)")
                    let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                    let put = try await project.server.send("PUT", "\(folder)/\(encoded)", ["resourceContent": "eA=="])
                    #expect(put.status == 400, "\(name): \(put.json)")
                }
            }
        }
    }

    @Test("Odd names and bytes are stored unharmed")
    func stored() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let names = [
                "a name with blanks.txt", " leading", "ä\u{308}", "日本/語.yaml", "a%2Fb", "-x", "a?b=c&d#e", "...",
                ".gitignore", ".keptn", "con", "a'b\"c", String(repeating: "n", count: 255),
            ]
            let bytes: [UInt8] = Array(0...255) + [0xC3, 0x28, 0xFF, 0xFE, 0x0D, 0x0A]
            for folder in Self.folders {
                let files = names.map {
                    ["resourceURI": .string($0), "resourceContent": .string(Base64.encode(bytes))] as JSON
                }
                let posted = try await project.server.send("POST", folder, ["resources": .array(files)])
                #expect(posted.status == 201, "\(posted.json)")
                for name in names {
                    let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                    let read = try await project.server.send("GET", "\(folder)/\(encoded)")
                    #expect(read.json["resourceContent"]?.stringValue.flatMap(Base64.decode) == bytes, "\(name)")
                }
            }
        }
    }

    @Test("A large file is stored, one that is too large is refused")
    func large() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let url = Self.folders[2] + "/large"
            let content = Base64.encode([UInt8](repeating: 0xAB, count: 1 << 20))
            let written = try await project.server.send("PUT", url, ["resourceContent": .string(content)])
            #expect(written.status == 200, "\(written.json)")
            let read = try await project.server.send("GET", url)
            #expect(read.json["resourceContent"]?.stringValue == content)
            let tooLarge = try await project.server.send(
                "PUT", url, contentType: "application/json", [UInt8](repeating: UInt8(ascii: " "), count: 65 << 20))
            #expect(tooLarge.status == 413, "\(tooLarge.json)")
        }
    }
}
