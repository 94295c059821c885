"""Cases of the operations on tables: each on a table of its own, which is gone at the end."""

TYPES = ["S", "N", "B"]
NAMES = ["one", "two", "abc.d", "a-b_c", "x" * 255]
BAD_NAMES = ["", "a", "ab", "a b", "x" * 256, "\u00e9\u00e9\u00e9", "one"]


class TableCases:
    """What a Case adds to its own kinds."""

    def make_table(self):
        self.table = "T" + self.tokens["S"]
        request = self.create_table_request()
        if self.faults and self.chance(.8):
            self.faults -= 1
            self.damage_table(request)
        self.add("CreateTable", self.damage(request))
        self.add("DescribeTable", {"TableName": self.table})
        if self.chance(.1):
            self.add("CreateTable", self.create_table_request())
        if self.chance(.3):
            self.add("UpdateTable", self.update_table_request())
            self.add("DescribeTable", {"TableName": self.table})
        if self.chance(.3):
            self.faults = 1
            name = self.pick(["DescribeTable", "DeleteTable", "ListTables", "DescribeTimeToLive"])
            self.add(name, self.damage({"TableName": self.table} if name != "ListTables" else {"Limit": 0}))
        self.add("DeleteTable", {"TableName": self.table})
        self.add("DescribeTable", {"TableName": self.table})

    def create_table_request(self):
        schema = [{"AttributeName": "p", "KeyType": "HASH"}]
        used = ["p"]
        if self.chance(.7):
            schema.append({"AttributeName": "s", "KeyType": "RANGE"})
            used.append("s")
        request = {"TableName": self.table, "KeySchema": schema}
        provisioned = self.chance(.5)
        if provisioned:
            request["ProvisionedThroughput"] = self.throughput()
            self.maybe(request, .5, "BillingMode", ["PROVISIONED"])
        else:
            request["BillingMode"] = "PAY_PER_REQUEST"
        if len(schema) == 2 and self.chance(.4):
            request["LocalSecondaryIndexes"] = [
                self.table_index(name, "p", self.pick(["l1", "l2"]), used) for name in self.index_names("L")]
        if self.chance(.5):
            request["GlobalSecondaryIndexes"] = [
                self.table_index(name, self.pick(["g1", "g2", "s"]), self.pick(["h1", "p", None]), used, provisioned)
                for name in self.index_names("G")]
        request["AttributeDefinitions"] = [{"AttributeName": name, "AttributeType": self.pick(TYPES)}
                                           for name in sorted(set(used))]
        return request

    def index_names(self, first):
        return [first + name for name in self.random.sample(NAMES[:4], self.pick([1, 1, 2]))]

    def table_index(self, name, hash_name, range_name, used, provisioned=False):
        used += [hash_name] + ([range_name] if range_name else [])
        schema = [{"AttributeName": hash_name, "KeyType": "HASH"}]
        if range_name:
            schema.append({"AttributeName": range_name, "KeyType": "RANGE"})
        projection = {"ProjectionType": self.pick(["ALL", "KEYS_ONLY", "INCLUDE"])}
        if projection["ProjectionType"] == "INCLUDE":
            projection["NonKeyAttributes"] = self.random.sample(["a", "b", "c"], 2)
        index = {"IndexName": name, "KeySchema": schema, "Projection": projection}
        if provisioned:
            index["ProvisionedThroughput"] = self.throughput()
        return index

    def throughput(self):
        return {"ReadCapacityUnits": self.pick([1, 5, 100]), "WriteCapacityUnits": self.pick([1, 3, 1000])}

    def damage_table(self, request):
        """A fault that only a CreateTable can have."""
        indexes = request.get("LocalSecondaryIndexes", []) + request.get("GlobalSecondaryIndexes", [])
        holder = self.pick([request] + indexes)
        schema = holder["KeySchema"]
        index = self.pick(indexes) if indexes else {"Projection": {}, "KeySchema": schema}
        self.pick([
            lambda: request["AttributeDefinitions"].append({"AttributeName": "more", "AttributeType": "S"}),
            lambda: request["AttributeDefinitions"].pop(), lambda: request["AttributeDefinitions"].reverse(),
            lambda: request["AttributeDefinitions"].append(dict(request["AttributeDefinitions"][0])),
            lambda: request["AttributeDefinitions"][0].update(AttributeType=self.pick(["BOOL", "s", "", None, 1])),
            schema.reverse, schema.clear, lambda: schema.append({"AttributeName": "p", "KeyType": "RANGE"}),
            lambda: schema.append({"AttributeName": "third", "KeyType": "RANGE"}),
            lambda: schema[0].update(AttributeName=self.pick(["", "x" * 256, "nope", "s", None])),
            lambda: schema[-1].update(KeyType=self.pick(["HASH", "RANGE", "hash", "", None])),
            lambda: request.update(BillingMode=self.pick(["PAY_PER_REQUEST", "PROVISIONED", "x", ""])),
            lambda: request.pop("ProvisionedThroughput", None), lambda: request.pop("BillingMode", None),
            lambda: request.update(ProvisionedThroughput=self.pick([
                {}, {"ReadCapacityUnits": 1}, {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1},
                {"ReadCapacityUnits": -1, "WriteCapacityUnits": 0},
                {"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": 1}])),
            lambda: request.update(LocalSecondaryIndexes=[]), lambda: request.update(GlobalSecondaryIndexes=[]),
            lambda: index.update(IndexName=self.pick(BAD_NAMES)), lambda: index.update(Projection={}),
            lambda: index["Projection"].update(NonKeyAttributes=self.pick([[], ["a", "a"], ["p"], ["a"], ["x" * 256]])),
            lambda: index["Projection"].update(ProjectionType=self.pick(["ALL", "INCLUDE", "KEYS_ONLY", "x", None])),
            lambda: [each.update(IndexName="Same") for each in indexes],
            lambda: request.update(GlobalSecondaryIndexes=[
                {"IndexName": "G%03d" % i, "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
                 "Projection": {"ProjectionType": "ALL"}} for i in range(self.pick([20, 21]))]),
            lambda: request.update(LocalSecondaryIndexes=[
                {"IndexName": "L%03d" % i, "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"},
                                                         {"AttributeName": "s", "KeyType": "RANGE"}],
                 "Projection": {"ProjectionType": "ALL"}} for i in range(self.pick([5, 6]))]),
            lambda: request.update(StreamSpecification=self.pick([
                {"StreamEnabled": True}, {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"},
                {"StreamEnabled": True, "StreamViewType": "x"}, {}])),
            lambda: request.update(Tags=self.pick([[], [{"Key": "a"}], [{"Key": "", "Value": "b"}],
                                                   [{"Key": "aws:x", "Value": "b"}]]))])()

    def update_table_request(self):
        return {"TableName": self.table, **self.pick([
            lambda: {}, lambda: {"BillingMode": "PAY_PER_REQUEST"}, lambda: {"BillingMode": "PROVISIONED"},
            lambda: {"BillingMode": "x"}, lambda: {"ProvisionedThroughput": self.throughput()},
            lambda: {"ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}},
            lambda: {"ProvisionedThroughput": {"ReadCapacityUnits": 1}},
            lambda: {"BillingMode": "PROVISIONED", "ProvisionedThroughput": self.throughput()},
            lambda: {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": self.throughput()},
            lambda: {"GlobalSecondaryIndexUpdates": []}, lambda: {"GlobalSecondaryIndexUpdates": [{}]},
            lambda: {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "nope"}}]},
            lambda: {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "ab"}}]},
            lambda: {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "Gone"}}]},
            lambda: {"GlobalSecondaryIndexUpdates": [{"Update": {
                "IndexName": "Gone", "ProvisionedThroughput": self.throughput()}}]},
            lambda: {"GlobalSecondaryIndexUpdates": [{"Create": {
                "IndexName": "new", "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": self.pick(["ALL", "x", "INCLUDE"])}}}]}])()}
