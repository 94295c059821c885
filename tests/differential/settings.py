"""Cases of what a table has besides items: its expiry attribute, and its tags. Each is on a table of its own."""

from tables import BAD_NAMES

ATTRIBUTES = ["ttl", "ttl", "expires", "p", "a.b", "x" * 255]
BAD_ATTRIBUTES = ["", "x" * 256, None, 1]
TAGS = ["a", "b", "Owner", "x" * 128, "\u00e9", "a b", "_.:/=+-@"]
BAD_TAGS = ["", "x" * 129, "aws:a", "AWS:a", "a!", "\U0001f600", None, 1]
ACCOUNT = "000000000000" # dynalite's


class SettingCases:
    """What a Case adds to its own kinds."""

    def simple_table(self):
        self.table = "T" + self.tokens["S"]
        self.add("CreateTable", {"TableName": self.table, "BillingMode": "PAY_PER_REQUEST",
                                 "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
                                 "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}]})

    def make_expiry(self):
        self.simple_table()
        self.add("DescribeTimeToLive", {"TableName": self.table})
        for _ in range(self.pick([1, 2, 2, 3])):
            specification = {"AttributeName": self.pick(ATTRIBUTES), "Enabled": self.chance(.7)}
            document = {"TableName": self.table, "TimeToLiveSpecification": specification}
            if self.faults and self.chance(.5):
                self.faults -= 1
                self.pick([lambda: specification.update(AttributeName=self.pick(BAD_ATTRIBUTES)),
                           lambda: specification.pop("Enabled"), lambda: specification.pop("AttributeName"),
                           lambda: document.pop("TimeToLiveSpecification"), specification.clear,
                           lambda: document.update(TableName=self.pick(BAD_NAMES + ["Nope"]))])()
            self.add("UpdateTimeToLive", document)
            self.add("DescribeTimeToLive", {"TableName": self.table})
        self.add("DeleteTable", {"TableName": self.table})

    def arn(self):
        return "arn:aws:dynamodb:us-east-1:%s:table/%s" % (ACCOUNT, self.table)

    def make_tags(self):
        self.simple_table()
        for _ in range(self.pick([1, 2, 3])):
            names = self.random.sample(TAGS, self.pick([1, 1, 2, 3]))
            if self.chance(.7):
                tags = [{"Key": name, "Value": self.pick(TAGS + ["", "y" * 256])} for name in names]
                operation, document = "TagResource", {"ResourceArn": self.arn(), "Tags": tags}
                parts = {"Key": BAD_TAGS, "Value": ["y" * 257, "!", None, 1]}
                damages = [lambda: tags[-1].update({part: self.pick(bad) for part, bad in [self.pick(list(parts.items()))]}),
                           lambda: tags.append(dict(tags[0])), tags.clear, lambda: tags[-1].pop("Value")]
            else:
                operation, document = "UntagResource", {"ResourceArn": self.arn(), "TagKeys": names}
                damages = [names.clear, lambda: names.append(self.pick(BAD_TAGS)), lambda: names.append(names[0])]
            if self.faults and self.chance(.5):
                self.faults -= 1
                self.pick(damages)()
            self.add(operation, document)
            self.add("ListTagsOfResource", {"ResourceArn": self.arn()})
        self.add("DeleteTable", {"TableName": self.table})
