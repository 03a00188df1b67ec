import CloudEvents
import Ports
import RemoteClients
import Synchronization
import TestSupport
import Testing

/// A provider and an API in memory; the API takes only the newest token.
@Suite("BearerRequester", .timeLimit(.minutes(5)))
struct BearerRequesterTests {
    /// Counts the tokens that it gives.
    private final class World: Sendable {
        let given = Mutex(0)
        let refusesAll = Mutex(false)
        var count: Int { given.withLock { $0 } }

        var requester: InMemoryHTTPRequester {
            InMemoryHTTPRequester { request in
                guard request.url == "https://id.example/token" else {
                    let expected = "Bearer a.b.\(self.given.withLock { $0 })"
                    let isRight = request.headers["authorization"] == expected && !self.refusesAll.withLock { $0 }
                    return IncomingResponse(status: isRight ? 200 : 401, body: Array("{}".utf8))
                }
                let number = self.given.withLock { given in
                    given += 1
                    return given
                }
                let answer: JSON = [
                    "access_token": .string("a.b.\(number)"), "token_type": "Bearer", "expires_in": 60,
                ]
                return IncomingResponse(status: 200, body: Array(answer.bytes))
            }
        }
    }

    private static func requester(_ base: InMemoryHTTPRequester, at time: ManualTime) -> BearerRequester {
        let login = OAuthLogin(
            discoveryURL: "", tokenEndpoint: "https://id.example/token", client: .init(id: "x", secret: "s"),
            requester: base, time: time)
        return BearerRequester(base, login: login, time: time)
    }

    private static let request = OutgoingRequest(url: "https://keptn.example/api", headers: ["x-token": ""])

    private static func status(_ requester: BearerRequester) async throws -> Int {
        try await requester.send(request).status
    }

    @Test("A token is got once, shown each time, and renewed before it ends")
    func renewal() async throws {
        let (world, time) = (World(), ManualTime())
        let requester = Self.requester(world.requester, at: time)
        for _ in 0..<3 {
            let status = try await Self.status(requester)
            #expect(status == 200)
        }
        let streamed = try await requester.stream(Self.request)
        #expect(streamed.status == 200)
        #expect(world.count == 1)
        time.advance(by: .seconds(51))
        let late = try await Self.status(requester)
        #expect(late == 200)
        #expect(world.count == 2)
    }

    @Test("A token that is refused is replaced once; who is refused even so is told")
    func refused() async throws {
        let (world, time) = (World(), ManualTime())
        let requester = Self.requester(world.requester, at: time)
        _ = try await requester.send(Self.request)
        // Somebody else has got a new one, so that ours counts no more.
        world.given.withLock { $0 += 1 }
        let again = try await Self.status(requester)
        #expect(again == 200)
        #expect(world.count == 3)
        world.refusesAll.withLock { $0 = true }
        let refused = try await Self.status(requester)
        #expect(refused == 401)
        #expect(world.count == 4)
    }

    @Test("Without a token nothing is asked, and the failure says why")
    func noToken() async throws {
        let base = InMemoryHTTPRequester { _ in
            IncomingResponse(status: 400, body: Array(#"{"error": "invalid_client"}"#.utf8))
        }
        let requester = Self.requester(base, at: ManualTime())
        let failure = await #expect(throws: RequestFailure.self) { try await requester.send(Self.request) }
        #expect(failure?.kind == .unreachable && failure?.description.contains("invalid_client") == true)
        #expect(base.requests.map(\.url) == ["https://id.example/token"])
    }
}
