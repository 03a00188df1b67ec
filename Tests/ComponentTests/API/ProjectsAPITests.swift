import CloudEvents
import ConfigurationService
import HTTPTypes
import KeptnModel
import Ports
import Testing

@Suite("The API of projects")
struct ProjectsAPITests {
    private static let projects = "/api/controlPlane/v1/project"
    private static let url = "https://git.example.com/sockshop.git"
    private static let file = Base64.encode(shipyard(["dev", "prod"]))

    /// An API over a configuration with upstreams, of which one is there and empty.
    private func benches(provisioningURL: String? = nil, isHidden: Bool = false) async throws -> (
        api: UniformBench, git: UpstreamBench
    ) {
        let git = try UpstreamBench(
            denied: ["\\.evil\\."], provisioningURL: provisioningURL, hidesProvisioned: isHidden
        ) { _ in
            IncomingResponse(
                status: 201, body: Array(#"{"gitRemoteURL":"\#(Self.url)","gitToken":"token","gitUser":"u"}"#.utf8))
        }
        git.git.add(Self.url)
        return (try await UniformBench(configuration: git.service), git)
    }

    private func nested(_ url: String = url, token: String = "token") -> JSON {
        ["remoteURL": .string(url), "user": "keptn", "https": ["token": .string(token), "insecureSkipTLS": true]]
    }

    @Test("Git credentials are taken in both forms and shown without what is secret", arguments: [true, false])
    func credentials(_ isNested: Bool) async throws {
        let (api, git) = try await benches()
        let flat: JSON = [
            "gitRemoteURL": .string(Self.url), "gitUser": "keptn", "gitToken": "token", "insecureSkipTLS": true,
        ]
        let body: JSON = isNested ? ["gitCredentials": nested()] : flat
        let create = body.setting("name", to: "sockshop").setting("shipyard", to: .string(Self.file))
        #expect(try await api.send(.post, Self.projects, create.text).status == 201)

        let shown = try await api.send(.get, Self.projects + "/sockshop")
        #expect(
            shown.json["gitCredentials"]?.text
                == #"{"remoteURL":"\#(Self.url)","user":"keptn","https":{"insecureSkipTLS":true}}"#)
        #expect(shown.json["isUpstreamAutoProvisioned"]?.boolValue == false)
        #expect(shown.json["upstream", "state"]?.stringValue == "synced")
        let list = try await api.send(.get, Self.projects).json["projects"]?.elements.first
        #expect(list?["gitCredentials"]?.text == shown.json["gitCredentials"]?.text)
        git.git.set(reachable: false)
        _ = try await git.service.write([("a", [1])], at: dev)
        await UpstreamSync(of: git.service).syncDue()
        let away = try await api.send(.get, Self.projects + "/sockshop").json["upstream"]
        #expect(away?["state"]?.stringValue == "unreachable")
        #expect(away?["message"]?.stringValue?.contains("cannot be reached") == true)
    }

    @Test("An update keeps the secrets that it leaves out, and everything that it does not name")
    func updates() async throws {
        let (api, git) = try await benches()
        try await git.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]))
        #expect(try await api.send(.get, Self.projects + "/sockshop").json["gitCredentials"] == nil)
        func update(_ body: JSON) async throws -> (status: Int, json: JSON) {
            try await api.send(.put, Self.projects, body.setting("name", to: "sockshop").text)
        }
        #expect(try await update(["shipyard": nil, "gitCredentials": nested()]).status == 201)
        let without: JSON = ["remoteURL": .string(Self.url), "user": "other", "https": ["insecureSkipTLS": false]]
        #expect(try await update(["gitCredentials": without]).status == 201)
        let kept = try #require(try await git.service.upstream(of: "sockshop")?.credentials)
        #expect(kept.user == "other" && kept.access == .https(.init(token: "token")))

        let new = Base64.encode(shipyard(["dev", "prod"], task: "test"))
        #expect(try await update(["shipyard": .string(new)]).status == 201)
        #expect(try await git.service.upstream(of: "sockshop")?.credentials == kept)
        #expect(
            try await git.service.shipyard(of: "sockshop", commit: nil).shipyard.stages[0].sequences[0].tasks[0].name
                == "test")

        let other = without.setting("remoteURL", to: "https://git.example.com/other.git")
        let stages = Base64.encode(shipyard(["dev"]))
        for (body, status, text): (JSON, Int, String) in [
            (["gitCredentials": other], 400, "token"),
            (["gitCredentials": nested(token: "wrong")], 424, "refuses"),
            (["gitCredentials": nested("https://x.evil.org/a")], 422, "forbidden"),
            (["shipyard": .string(stages)], 400, "stage name cannot be changed or removed"),
            (["name": "nope"], 404, "nope"),
            (["stages": []], 400, "stages"),
        ] {
            let answer = try await api.send(
                .put, Self.projects,
                JSON.object(
                    [(key: "name", value: "sockshop")] + body.members.map { (key: $0.key, value: Optional($0.value)) }
                ).text)
            #expect(answer.status == status, "\(answer.json)")
            #expect(answer.json["message"]?.stringValue?.contains(text) == true, "\(answer.json)")
        }
    }

    @Test("A project whose upstream's secret cannot be read says what to do, and everything else of it goes on")
    func unreadableSecret() async throws {
        let (first, git) = try await benches()
        let create: JSON = ["name": "sockshop", "shipyard": .string(Self.file), "gitCredentials": nested()]
        #expect(try await first.send(.post, Self.projects, create.text).status == 201)
        git.secrets.damage(SecretName("git-credentials-sockshop", scope: "keptn-resource-service"))
        let api = try await UniformBench(configuration: git.another())
        for shown in [
            try await api.send(.get, Self.projects + "/sockshop").json,
            try await api.send(.get, Self.projects).json["projects"]?.elements.first,
        ] {
            #expect(shown?["upstream", "state"] == "unreachable")
            #expect(shown?["upstream", "message"]?.stringValue?.contains("keptn update project sockshop") == true)
            #expect(shown?["gitCredentials"]?.text == #"{"remoteURL":"","user":""}"#)
        }
        let file =
            Self.projects.replacing("controlPlane", with: "resource-service") + "/sockshop/resource/shipyard.yaml"
        #expect(try await api.send(.get, file).json["metadata", "upstreamURL"] == "")
        let shipyard: JSON = ["name": "sockshop", "shipyard": .string(Self.file)]
        #expect(try await api.send(.put, Self.projects, shipyard.text).status == 201)
        let again: JSON = ["name": "sockshop", "gitCredentials": nested()]
        #expect(try await api.send(.put, Self.projects, again.text).status == 201)
        let shown = try await api.send(.get, Self.projects + "/sockshop").json
        #expect(shown["upstream", "state"] == "synced" && shown["gitCredentials", "user"] == "keptn")

        git.secrets.damage(SecretName("git-credentials-sockshop", scope: "keptn-resource-service"))
        let last = try await UniformBench(configuration: git.another())
        let deleted = try await last.send(.delete, Self.projects + "/sockshop")
        #expect(deleted.status == 200 && deleted.json["message"]?.stringValue?.contains("was deleted") == true)
        #expect(try await git.secrets.secrets().isEmpty)
    }

    @Test("Projects are shown without a word to their upstreams, whatever 'disableUpstreamSync' says")
    func disableUpstreamSync() async throws {
        let (api, git) = try await benches()
        let create: JSON = ["name": "sockshop", "shipyard": .string(Self.file), "gitCredentials": nested()]
        #expect(try await api.send(.post, Self.projects, create.text).status == 201)
        git.git.set(reachable: false)
        let plain = try await api.send(.get, Self.projects)
        #expect(plain.status == 200 && plain.json["projects"]?.elements.count == 1)
        #expect(plain.json["projects"]?.elements.first?["upstream", "state"] == "synced")
        for value in ["true", "false", "", "maybe"] {
            let answer = try await api.send(.get, Self.projects + "?disableUpstreamSync=\(value)")
            #expect(answer.status == 200 && answer.json == plain.json)
        }
    }

    @Test("What is wrong with a new project is an answer of its own, and an event")
    func refusals() async throws {
        let (api, git) = try await benches()
        try await git.service.createProject("there", shipyard: shipyard(["dev"]))
        let sockshop: JSON = ["name": "sockshop", "shipyard": .string(Self.file)]
        for (body, status, text): (JSON, Int, String) in [
            (sockshop.setting("name", to: "there"), 409, "exists already"),
            (sockshop.setting("gitCredentials", to: nested(token: "wrong")), 424, "refuses"),
            (sockshop.setting("gitCredentials", to: nested("https://git.example.com/none.git")), 404, "none.git"),
            (sockshop.setting("gitCredentials", to: nested("https://x.evil.org/a")), 422, "forbidden"),
            (sockshop.setting("gitCredentials", to: nested("file:///a")), 400, "file:"),
            (sockshop.setting("gitCredentials", to: nested()).setting("gitToken", to: "x"), 400, "twice"),
            (["name": "sockshop", "gitCredentials": nested()], 409, "no branch"),
            (["name": "sockshop", "shipyard": ""], 400, "shipyard.yaml"),
            (["name": "sockshop", "shipyard": 1], 400, "shipyard"),
        ] {
            let answer = try await api.send(.post, Self.projects, body.text)
            #expect(answer.status == status, "\(answer.json)")
            #expect(answer.json["code"]?.intValue == status)
            #expect(answer.json["message"]?.stringValue?.contains(text) == true, "\(answer.json)")
        }
        #expect(try await git.files.repositories() == ["there"])
        git.git.set(reachable: false)
        #expect(
            try await api.send(.post, Self.projects, sockshop.setting("gitCredentials", to: nested()).text).status
                == 503)
        #expect(try await data(of: "project.create.finished", api)?["status"]?.stringValue == "errored")
    }

    @Test("A project comes and goes with events, its repository can be imported again, and secrets stay hidden")
    func comesAndGoes() async throws {
        let (api, git) = try await benches()
        let create: JSON = ["name": "sockshop", "shipyard": .string(Self.file), "gitCredentials": nested()]
        #expect(try await api.send(.post, Self.projects, create.text).status == 201)
        #expect(try await data(of: "project.create.started", api)?.text == #"{"project":"sockshop"}"#)
        let created = try #require(try await data(of: "project.create.finished", api))
        #expect(created["status"] == "succeeded" && created["result"] == "pass")
        #expect(
            created["createdProject"]?.text
                == #"{"projectName":"sockshop","gitRemoteURL":"\#(Self.url)","shipyard":"\#(Self.file)"}"#)
        #expect(try await git.secrets.secrets().count == 1)
        #expect(try await api.send(.get, "/api/secrets/v1/secret").json["Secrets"]?.elements.isEmpty == true)

        let deleted = try await api.send(.delete, Self.projects + "/sockshop")
        #expect(deleted.status == 200)
        #expect(deleted.json["message"]?.stringValue?.contains("Its repository \(Self.url) was kept") == true)
        #expect(try await data(of: "project.delete.finished", api)?["status"] == "succeeded")
        #expect(try await api.send(.delete, Self.projects + "/sockshop").status == 404)

        let again: JSON = ["name": "again", "gitCredentials": nested()]
        #expect(try await api.send(.post, Self.projects, again.text).status == 201)
        let stages = try await api.send(.get, Self.projects + "/again").json["stages"]?.elements
        #expect(stages?.map { $0["stageName"]?.stringValue } == ["dev", "prod"])
    }

    @Test(
        "A provisioned repository is shown as such, and nowhere with its place when that is hidden",
        arguments: [false, true])
    func provisioned(_ isHidden: Bool) async throws {
        let (api, git) = try await benches(provisioningURL: "http://provisioner", isHidden: isHidden)
        let create: JSON = ["name": "sockshop", "shipyard": .string(Self.file)]
        #expect(try await api.send(.post, Self.projects, create.text).status == 201)
        git.git.set(reachable: false)
        await UpstreamSync(of: git.service).syncDue()
        let shown = try await api.send(.get, Self.projects + "/sockshop").json
        #expect(shown["isUpstreamAutoProvisioned"]?.boolValue == true)
        #expect(shown["gitCredentials", "remoteURL"]?.stringValue == (isHidden ? "" : Self.url))
        #expect(shown["upstream", "state"]?.stringValue == "unreachable")
        let files = try await api.send(.get, "/api/resource-service/v1/project/sockshop/resource").json
        for answer in [shown, files] { #expect(answer.text.contains(Self.url) == !isHidden) }
    }

    /// The data of the newest event of a type.
    private func data(of type: String, _ bench: UniformBench) async throws -> JSON? {
        var query = EventQuery()
        query.type = "sh.keptn.event.\(type)"
        return try await bench.store.events(query).first?.event.json
    }
}
